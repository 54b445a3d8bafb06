"""REST over the trail."""
