"""The REST interface of edits that the server makes."""
