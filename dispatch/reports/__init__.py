"""The report: its form, how it is judged at the door, and its photos."""
