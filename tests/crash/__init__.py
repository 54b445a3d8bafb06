"""Real processes are killed while people type; what was seen and acknowledged is still there."""
