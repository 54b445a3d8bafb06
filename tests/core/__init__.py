"""Tests of ``apps.core``."""
