"""How a running system is watched: its metrics, whether a role can work, where both are shown."""
