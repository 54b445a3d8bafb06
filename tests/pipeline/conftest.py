"""Fixtures of these tests."""

from tests.support.stored_logs import store, versioned, written

__all__ = ["store", "versioned", "written"]
