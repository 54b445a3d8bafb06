"""The server held against Yjs itself."""
