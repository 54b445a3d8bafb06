"""Edits made from a document's states: restore, undo of an author, fragments."""
