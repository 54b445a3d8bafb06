"""Edits that the server makes: restore, undo of a person, import."""
