"""`make stack` as a whole: three servers behind the gateway, two workers and Apache Kafka."""
