"""Tests of settings, paths and what is said about them."""
