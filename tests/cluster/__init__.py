"""Three servers, two workers and Apache Kafka behind the gateway: `make stack` as a whole."""
