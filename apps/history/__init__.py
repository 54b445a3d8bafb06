"""The history of a document: *document_versions* (MongoDB), states at a seq, authorship, diffs."""
