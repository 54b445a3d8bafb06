"""Tests of ``apps.activity``."""
