"""How every command ends: its result, or one message and an exit code; no traceback for a user's mistake."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from edge_cli.errors import CommandError
from edge_cli.screen.console import Screen
from local_core.errors import CoreError

INTERRUPTED = 130  # 128 + SIGINT, as shells count


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Screen]:
    """Runs the body of one command and turns what it raises into one message.

    Args:
        as_json: The command was called with `--json`: the error, too, is one JSON object on stdout.

    Yields:
        The screen that the command writes to.

    Raises:
        typer.Exit: The command failed or was interrupted; carries the exit code.
    """
    try:
        yield Screen(as_json=as_json)
        sys.stdout.flush()
    except (CommandError, CoreError) as error:
        complain(str(error), as_json=as_json)
        raise typer.Exit(error.exit_code if isinstance(error, CommandError) else 1) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # `edge logs | head`: nobody reads on. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        complain(explain(error), as_json=as_json)
        raise typer.Exit(1) from None


def complain(message: str, *, as_json: bool) -> None:
    """Say what went wrong: on stderr for people, as `{"error": …}` on stdout for programs."""
    if as_json:
        sys.stdout.write(json.dumps({"error": message}) + "\n")
        sys.stdout.flush()
        return
    coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    word = "\x1b[1;31merror:\x1b[0m" if coloured else "error:"
    sys.stderr.write(f"{word} {message.removeprefix('error: ')}\n")


def explain(error: OSError) -> str:
    """An operating system error as a sentence that names the file and says what to do."""
    where = f" ({error.filename})" if error.filename else ""
    advice = {
        "PermissionError": "Choose a folder where you may write, or change its permissions.",
        "FileNotFoundError": "Check the path.",
    }.get(type(error).__name__, "Check the disk (`df -h`) and that the path is writable.")
    return f"{error.strerror or error}{where}. {advice}"
