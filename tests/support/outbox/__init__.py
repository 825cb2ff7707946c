"""Trials of the outbox."""
