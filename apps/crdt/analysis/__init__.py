"""What a state contains: attribution, differences, equality, content with its ids."""
