"""``make up`` and ``make stack``: the services and the product on one machine.

The product imports nothing of this app. It starts the services that a deployment would set up, and
sets the same URLs: for ``make up``, small servers from PyPI wheels; for ``make stack``, the
servers of the system and Apache Kafka. One launcher and one supervisor (ADR 0004) follow the plan
of either command (``plan``, ``stack``).
"""
