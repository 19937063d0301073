"""What the city decides by, as data: categories, conditions, calendars, workflow definitions."""
