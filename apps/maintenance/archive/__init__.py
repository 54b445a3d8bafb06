"""A document as one file: written, validated, read back."""
