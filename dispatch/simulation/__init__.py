"""The demo city, and simulated days in it."""
