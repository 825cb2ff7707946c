"""Mistakes planted into copies of the project, for `edge lint` to find."""
