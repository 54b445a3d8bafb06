"""The pages: documents list and editor."""
