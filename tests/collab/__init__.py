"""Tests of ``apps.collab``."""
