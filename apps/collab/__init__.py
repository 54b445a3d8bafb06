"""Live editing: sockets, rooms, broadcast, presence, limits."""
