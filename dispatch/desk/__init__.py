"""What people do to cases: actions with their fields, guards and effects; contacts."""
