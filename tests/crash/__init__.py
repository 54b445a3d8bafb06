"""Processes are killed while people type; seen and acknowledged edits must survive."""
