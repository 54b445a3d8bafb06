"""The fuzzer: hostile input by grammar, for the engine alone and for a running Scriptorium."""
