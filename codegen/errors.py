"""The error of the code generation."""


class GenerationError(Exception):
    """The generation failed; the message says what to fix."""
