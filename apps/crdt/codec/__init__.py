"""Wire forms: lib0 encoding, state vectors, and the reader and writer of Yjs v1 updates."""
