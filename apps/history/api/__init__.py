"""The REST interface of versions, states, authorship and diffs."""
