"""Tests of the documents, and of what code says of them."""
