"""The one exception that is meant to be read by a user."""


class StudyError(Exception):
    """A mistake in what the user gave, said in one line.

    The text names the file, key or value and what to do about it. `srcore.stage.main` prints it
    without a traceback and ends with exit code 1.
    """
