"""Ids of a document's content: id ranges and sets, UTF-16 offsets, parents of items."""
