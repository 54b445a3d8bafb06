"""Small real servers for one machine, and the supervisor that keeps them (`make up`)."""
