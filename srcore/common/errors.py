"""The one exception that is meant to be read by a user, and what others have to say in it."""


class StudyError(Exception):
    """A mistake in what the user gave, said in one line.

    The text names the file, key or value and what to do about it. `srcore.common.stage.main`
    prints it without a traceback and ends with exit code 1.
    """


def reason(error: BaseException) -> str:
    """The first line of what another library's exception says, or its name when it says nothing."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__
