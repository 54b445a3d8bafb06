"""The whole product by real sockets and REST, on a running ``make up``."""
