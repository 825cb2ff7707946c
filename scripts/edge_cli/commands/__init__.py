"""The words of `scripts/edge`: options and help. What they do is elsewhere, imported when they run."""
