"""``make up``: small real servers on one machine, and the product on top of them.

Nothing here is imported by the product. It starts what a person would otherwise install
(PostgreSQL, Redis, a MongoDB wire server, a Kafka broker, all from PyPI wheels) and fills in the
same URLs that a deployment sets. ADR 0004 says why a kept supervisor watches them.
"""
