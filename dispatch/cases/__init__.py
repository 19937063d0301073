"""The case and its history: one row that changes, and the events that say how (design §1)."""
