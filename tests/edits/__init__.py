"""Tests of ``apps.edits``."""
