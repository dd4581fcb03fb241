"""The refusal of one input."""


class Unreadable(ValueError):
    """What was typed cannot be stored; ``message`` says what would be right, ``code`` is stable."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message, self.code = message, code
