"""Tests of settings, paths and their documentation."""
