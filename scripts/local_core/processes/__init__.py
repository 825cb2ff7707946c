"""Processes that never outlive the core, however it ends."""
