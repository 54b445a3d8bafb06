"""Ids of a document's content: id ranges and id sets, UTF-16 offsets, parents of items."""
