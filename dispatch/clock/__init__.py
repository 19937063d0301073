"""The clock: what is due is fired, and whoever has to know is reached."""
