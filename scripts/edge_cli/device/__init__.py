"""A device at hand: what lies on it, what it is told, how it fares. Files, processes and ssh; never AWS."""
