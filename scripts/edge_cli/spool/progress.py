"""A bar for what takes long: on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_cli.screen.console import Screen


@contextmanager
def bar(screen: Screen, text: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far something is, and is gone afterwards; nothing in a pipe or under --json.

    Yields:
        To be called with how much is done and how much there is.
    """
    if not screen.is_terminal:
        yield lambda _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415  costs 50 ms

    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TextColumn("records"))
    with Progress(*columns, console=screen.console, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
