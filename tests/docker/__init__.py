"""Tests of what containers are made and run by; no container engine is needed."""
