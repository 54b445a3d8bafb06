"""Browser tests: real Chromium, the real stack."""
