"""The engine: located reports become cases, a batch at a time, each with one effect."""
