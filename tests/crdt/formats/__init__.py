"""Tests of the formats that documents come and go in."""
