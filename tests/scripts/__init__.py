"""Tests of ``scripts``."""
