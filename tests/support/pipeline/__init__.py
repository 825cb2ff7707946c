"""The whole pipeline under trial: components, a core, and witnesses at both ends."""
