"""Registers from and to files."""
