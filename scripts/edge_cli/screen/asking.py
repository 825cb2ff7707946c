"""The one question before something is changed."""

import sys

from edge_cli.errors import CommandError
from edge_cli.screen.console import Screen


def agrees(screen: Screen, question: str) -> bool:
    """Whether a person at the terminal says yes; anything else is no.

    Raises:
        CommandError: Nobody can be asked here.
    """
    if not (screen.is_terminal and sys.stdin.isatty()):
        raise CommandError(
            "There is no terminal to ask for confirmation, and nothing was changed. To "
            "confirm beforehand: --yes"
        )
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
