"""The trail of a document: who did what to it, in PostgreSQL, only ever added to."""
