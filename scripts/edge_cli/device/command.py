"""`edge deploy --local`: from the words of the command line to a deployment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_cli import deployments
from edge_cli.console import Screen
from edge_cli.device import deploying, session
from edge_cli.errors import CommandError
from edge_cli.fleet import builds
from edge_cli.fleet.builds import Build


def deploy(  # noqa: PLR0913  as many as the command line has
    screen: Screen,
    words: Sequence[str],
    *,
    build_folder: Path,
    remove: Sequence[str],
    change: str | None,
    host: str | None,
    root: Path | None,
    dry_run: bool,
    timeout_s: float | None,
) -> int:
    """Deploy what was built to the nucleus of this machine, or of `host`; returns the exit code.

    Args:
        screen: Where it is shown.
        words: Which of the builds; none means all, unless something else is asked for.
        build_folder: What `edge build` made.
        remove: Components to take away.
        change: As `--configuration`.
        host: As ssh takes it; None means this machine.
        root: The nucleus's folder; None means the usual one.
        dry_run: Nothing is changed.
        timeout_s: Seconds to wait for the outcome; None does not wait.

    Raises:
        CommandError: It could not be done.
    """
    changes: dict[str, Any] = deployments.parse_update_config(change)
    chosen = _chosen(words, build_folder) if words or not (remove or changes) else []
    wish = deploying.Wish(
        chosen, [_full_name(word, build_folder) for word in remove], changes, dry_run, timeout_s
    )
    with session.nucleus_on(host, root) as nucleus:
        return deploying.deploy(screen, nucleus, wish)


def _chosen(words: Sequence[str], folder: Path) -> list[Build]:
    picked = builds.chosen([word.partition("=")[0] for word in words], folder)
    for word in words:
        name, _, version = word.partition("=")
        for build in picked:
            if version and builds.is_meant(name, build.name) and version != build.version:
                raise CommandError(
                    f"{folder} has {build.name} {build.version}, not {version}. "
                    f"Build that: scripts/edge build {name} --version {version}"
                )
    return picked


def _full_name(word: str, folder: Path) -> str:
    """A component's whole name; a short one is that of something that was built."""
    if "." in word:
        return word
    names = [build.name for build in builds.read(folder) if builds.is_meant(word, build.name)]
    if not names:
        raise CommandError(f"--remove '{word}': write the whole name, e.g. com.example.{word}")
    return names[0]


def refuse_unclear(thing: str | None, group: str | None, region: str | None) -> None:
    """Refuse options that are AWS's beside --local.

    Raises:
        CommandError: One of them was given.
    """
    given = [
        word
        for word, value in (("--thing", thing), ("--group", group), ("--region", region))
        if value is not None
    ]
    if given:
        raise CommandError(f"--local goes without AWS, so without {', '.join(given)}. Leave one of them out.")
