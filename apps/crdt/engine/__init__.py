"""CRDT engines behind one interface, and the causal gate in front of them."""
