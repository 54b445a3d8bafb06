"""Tests of ``apps.pipeline``."""
