"""REST calls that make edits."""
