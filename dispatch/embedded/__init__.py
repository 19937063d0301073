"""The private PostgreSQL and Kafka that `wangge up` and the tests run on one machine."""
