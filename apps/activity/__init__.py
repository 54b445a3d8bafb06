"""The activity of a document, its trail of events, in PostgreSQL; rows are only ever added."""
