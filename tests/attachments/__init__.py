"""Tests of ``apps.attachments``."""
