"""What the shell gets from a command: 0, 1, 3, 4 and 130. 2 is typer's, for words that it does not know."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended; `--help` names the numbers."""

    DONE = 0
    NOT_DONE = 1
    """A mistake, or a person who declined: nothing was changed. Of a command that checks: it found faults."""
    FAILED = 3
    """It was begun, and failed: on a device, on the board, in CloudFormation."""
    NOT_FINISHED = 4
    """It was begun, the time is up, and it goes on without us."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT, as shells count."""
