"""The error of the embedded mode; its message says how to solve the problem."""


class EmbeddedError(Exception):
    """The embedded mode cannot run."""
