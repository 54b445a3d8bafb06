"""The CRDT and its wire forms, in pure Python: bytes in, bytes out; no Django, no I/O, no clock."""
