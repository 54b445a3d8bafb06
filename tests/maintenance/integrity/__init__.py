"""Tests of apps/maintenance/integrity."""
