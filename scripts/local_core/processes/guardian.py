"""`python -m local_core.processes.guardian LEDGER`: ends what a core has started when the core has ended.

It is started with its standard input at the reading end of a pipe whose other end only the core holds. The
kernel closes that end however the core ends, SIGKILL included; the guardian then kills what is left of the
core's children and ends too. After an orderly end the ledger is empty and there is nothing to do.

It runs as a process and a session of its own, so that Ctrl-C in a terminal reaches the core and not it.
"""

import os
import sys
from pathlib import Path

from local_core.processes import sessions
from local_core.processes.ledger import Owner, read_ledger


def main(arguments: list[str]) -> None:
    """Detach, wait for the core's end, clean up."""
    ledger = Path(arguments[0])
    core_pid = os.getppid()
    core = Owner(core_pid, sessions.start_ticks(core_pid) or 0)
    if os.fork():
        return  # whoever started it waits for this one; the other is a child of nobody
    while os.read(sys.stdin.fileno(), 1):
        pass
    left = read_ledger(ledger)
    # A new core may have taken over the root already: its children are not ours to end.
    if left.owner == core:
        left.kill_what_is_left()


if __name__ == "__main__":
    main(sys.argv[1:])
