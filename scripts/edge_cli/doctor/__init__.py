"""Is everything there that is needed, on the laptop or on a board? Changes nothing."""
