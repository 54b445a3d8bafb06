"""Binary encodings: lib0, state vectors, and the readers and the writer of Yjs v1 updates."""
