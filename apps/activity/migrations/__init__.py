"""Migrations of the *activity* entity."""
