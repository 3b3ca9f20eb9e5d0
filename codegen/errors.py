"""The one error of the code generation."""


class GenerationError(Exception):
    """The generation cannot go on; the message says what to mend."""
