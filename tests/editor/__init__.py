"""Tests of ``apps.editor``."""
