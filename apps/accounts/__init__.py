"""Who somebody is and what they may do: *user* and *permission* (PostgreSQL)."""
