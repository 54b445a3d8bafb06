"""REST over the log. An edit by POST takes the same way as one by frame."""
