"""Analyses of states: attribution, diff, equality, content with its ids."""
