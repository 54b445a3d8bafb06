"""REST beside the sockets: an edit by POST goes the same way as one by frame."""
