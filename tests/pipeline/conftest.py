"""Fixtures of these tests."""

from tests.support.stored_logs import few_documents, store, versioned, written

__all__ = ["few_documents", "store", "versioned", "written"]
