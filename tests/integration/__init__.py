"""The whole product over real sockets and REST, on a whole ``make up``."""
