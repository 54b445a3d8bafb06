"""Tests of apps/maintenance/archive."""
