"""Tests of the container files; no container engine is needed."""
