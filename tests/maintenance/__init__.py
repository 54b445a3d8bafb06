"""Tests of apps/maintenance."""
