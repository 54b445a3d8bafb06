"""The one error of the embedded mode; its text says what to do."""


class EmbeddedError(Exception):
    """Something that keeps the embedded mode from running."""
