"""The *documents* entity (MongoDB): create, list, rename, trash."""
