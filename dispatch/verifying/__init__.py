"""The system reads its own histories again, round after round, at a small share of a processor."""
