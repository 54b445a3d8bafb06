"""Tests of ``apps.crdt.content``."""
