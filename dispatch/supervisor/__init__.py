"""Starts, watches and ends everything that `wangge up` runs on one machine."""
