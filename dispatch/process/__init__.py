"""What every role's process has: a heartbeat, a way to end, logs, a lane to hold."""
