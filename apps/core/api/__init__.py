"""REST plumbing that every app shares: input, pages, answers, errors, parsers, renderers."""
