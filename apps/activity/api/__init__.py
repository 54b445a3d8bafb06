"""REST interface of the trail."""
