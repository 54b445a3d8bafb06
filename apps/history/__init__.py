"""Kept states of a document: *document_versions* (MongoDB) and their cache (Redis)."""
