"""Content as ProseMirror nodes, and its formats: HTML, Markdown, plain text, JSON."""
