"""Benchmarks: one file a budget of design §7, each figure beside its raw limit in the same run."""
