"""Tests of ``apps.history``."""
