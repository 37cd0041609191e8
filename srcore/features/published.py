"""Weights that others published: fetched once, and read only when every bit is as published.

They lie where the libraries keep them (torchvision's hub, open_clip's cache), so that a file that
already exists is used. These folders are no secret, and a file of torch is a pickle: so the
SHA-256 of the whole file is compared each time before anything of it is read.
"""

import hashlib
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.reading import NotAFileError, open_regular
from srcore.data.download import fetch


@dataclass(frozen=True)
class Published:
    """A file of weights as its publisher has it.

    Attributes:
        key: the parameter that asks for it.
        url: its address.
        sha256: of the whole file.
        folder: where it is kept.
    """

    key: str
    url: str
    sha256: str
    folder: Path

    def open(self) -> BufferedReader:
        """Open the file, which is fetched when it is not there, at its beginning.

        Raises:
            StudyError: it cannot be had, or is another.
        """
        path = self.folder / self.url.rpartition("/")[2]
        if not path.exists():
            try:
                fetch([self.url], path, self.sha256, otherwise="give the path of a file")
            except (StudyError, OSError) as error:
                raise StudyError(f"{self.key} = pretrained: {error}") from None
        try:
            file = open_regular(path)
        except NotAFileError as error:
            raise StudyError(f"{path}: {error.strerror}; remove it and run again") from None
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            file.close()
            raise StudyError(
                f"{path}: refused; it is not the published file (its SHA-256 is {found[:12]}…, "
                f"not {self.sha256[:12]}…); remove it and run again"
            )
        file.seek(0)
        return file
