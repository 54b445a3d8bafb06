"""Tests of ``apps.embedded``."""
