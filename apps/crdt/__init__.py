"""Pure functions over Yjs updates: engines, reader, causal gate, vectors, codec."""
