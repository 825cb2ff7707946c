"""How every command ends: its result, or one message and an exit code; no traceback for a user's mistake."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.project import PROJECT
from edge_cli.screen.console import Screen
from local_core.errors import CoreError


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
        raise typer.Exit(ExitCode.NOT_DONE) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # `edge logs | head`: nobody reads on. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.NOT_DONE) from None
    except OSError as error:
        complain(explain(error), as_json=as_json)
        raise typer.Exit(ExitCode.NOT_DONE) from None


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
    if isinstance(error, PermissionError) and (others := _of_other_users(str(error.filename))):
        return (
            f"{error.strerror}{where}. In {PROJECT}, {', '.join(others)} belongs to another user, perhaps "
            "after a run with sudo. To take it back: "
            f'cd {PROJECT} && sudo chown -R "$USER" {" ".join(others)}'
        )
    advice = {
        "PermissionError": "Choose a folder where you may write, or change its permissions.",
        "FileNotFoundError": "Check the path.",
    }.get(type(error).__name__, "Check the disk (`df -h`) and that the path is writable.")
    return f"{error.strerror or error}{where}. {advice}"


def _of_other_users(denied: str) -> list[str]:
    """What lies in the project and is not this user's, where that is why a file in it was denied.

    Args:
        denied: The file; it need not exist.
    """
    path = Path(denied)
    if not path.is_relative_to(PROJECT):
        return []
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if there.stat().st_uid == os.geteuid():
        return []
    others = {one.name for one in PROJECT.iterdir() if one.lstat().st_uid != os.geteuid()}
    return sorted({path.relative_to(PROJECT).parts[0], *others})
