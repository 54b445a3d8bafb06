"""Tests of formats of other programs."""
