"""Trials of the spool: work, killing, power cuts, witnesses."""
