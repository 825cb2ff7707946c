"""Shows what several topics carry, warns above limits, keeps rolling statistics, records."""
