"""The relay: what is committed goes to Kafka, in order per case."""
