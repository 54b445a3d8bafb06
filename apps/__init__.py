"""The rooms of the house; CONTRIBUTING says what lives where."""
