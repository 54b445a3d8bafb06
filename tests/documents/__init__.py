"""Tests of ``apps.documents``."""
