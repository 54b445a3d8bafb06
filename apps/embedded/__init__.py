"""``make up`` and ``make stack``: real servers on one machine, and the product on top of them.

Nothing here is imported by the product. It starts what a person would otherwise set up, and fills
in the same URLs that a deployment sets: for ``make up`` small servers from PyPI wheels, for ``make
stack`` the system's own and Apache Kafka. One launcher and one kept supervisor (ADR 0004) follow
one plan or the other (``plan``, ``stack``).
"""
