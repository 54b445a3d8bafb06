"""Files and images of documents, by content hash, behind a storage backend (ADR 0020)."""
