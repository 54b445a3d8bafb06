"""Tests, laid out as the modules they hold against."""
