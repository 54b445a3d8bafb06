"""Migrations of the *user* and *permission* entities."""
