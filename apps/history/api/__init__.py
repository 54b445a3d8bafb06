"""REST over the kept and present states of a document."""
