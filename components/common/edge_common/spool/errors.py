"""The one exception that only a spool raises."""

from edge_common.errors import TransientError


class SpoolFullError(TransientError):
    """The cap or the floor of free space is reached and nothing may give way: the record was not taken in."""
