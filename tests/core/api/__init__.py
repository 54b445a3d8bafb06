"""Tests of apps/core/api."""
