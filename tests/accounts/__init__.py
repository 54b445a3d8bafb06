"""Tests of ``apps.accounts``."""
