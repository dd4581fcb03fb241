"""Why it cannot run here, as one sentence that says what would help."""

import errno
from pathlib import Path


class CannotRun(SystemExit):
    """Ends the process with the sentence on standard error and exit status 1."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


def cannot_write(path: Path, error: OSError) -> CannotRun:
    """The sentence for a failed write below `path`."""
    if error.errno in FULL:
        return CannotRun(f"The disk that holds {path} is full. Free some space and start again.")
    if error.errno in CLOSED:
        return CannotRun(f"{path} cannot be written by this user. Change its owner, or run as the user it belongs to.")
    return CannotRun(f"{path}: {error.strerror}.")
