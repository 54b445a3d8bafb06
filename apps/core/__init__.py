"""What every room of the house uses: errors, clock, ids, events, health, metrics."""
