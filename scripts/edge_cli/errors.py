"""What a person is told when a command cannot do its work."""


class CommandError(Exception):
    """The command ends with exit code 1 and this text: what, where, why and what to do; no traceback."""
