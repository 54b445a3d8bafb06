"""Fixtures of these tests."""

from tests.maintenance.compacting import dropped_at_once, log
from tests.support.stored_logs import few_documents, store, versioned, written

__all__ = ["dropped_at_once", "few_documents", "log", "store", "versioned", "written"]
