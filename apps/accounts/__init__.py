"""Accounts and their rights: *user* and *permission* (PostgreSQL)."""
