"""The demo city: Yongzhou with its real counties and names, and everything below them made."""
