"""`edge deploy --local`: from the words of the command line to a deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import configuration_option
from edge_cli.building import builds
from edge_cli.building.builds import Build
from edge_cli.configuration_option import Change
from edge_cli.deploy_options import DeployOptions
from edge_cli.device import deploying, planning, session
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.project import is_meant
from edge_cli.screen.console import Screen


@dataclass(frozen=True, slots=True)
class Words:
    """What the command line says of what is to be deployed, and where.

    Attributes:
        components: Which of the builds; none means all, unless something else is asked for.
        build_folder: What `edge build` made.
        remove: Components to take away.
        change: As `--configuration`.
        host: As ssh takes it; None means this machine.
        root: The nucleus's folder; None means the usual one.
        is_unchecked: Settings that would be refused are only noted.
    """

    components: Sequence[str]
    build_folder: Path
    remove: Sequence[str]
    change: str | None
    host: str | None
    root: Path | None
    is_unchecked: bool


def deploy(screen: Screen, words: Words, options: DeployOptions) -> ExitCode:
    """Deploy what was built to the nucleus of this machine, or of a host; returns the exit code.

    Raises:
        CommandError: It could not be done.
    """
    folder = words.build_folder
    changes: Mapping[str, Change] = {
        _full_name(word, folder, "--configuration"): change
        for word, change in configuration_option.parse("--configuration", words.change).items()
    }
    remove = [_full_name(word, folder, "--remove") for word in words.remove]
    asks_otherwise = remove or changes
    chosen = _chosen(words.components, folder) if words.components or not asks_otherwise else []
    request = planning.BoardDeployRequest(chosen, remove, changes, folder, words.is_unchecked)
    with session.nucleus_on(words.host, words.root) as nucleus:
        return deploying.deploy(screen, nucleus, request, options)


def _chosen(words: Sequence[str], folder: Path) -> list[Build]:
    picked = builds.chosen([word.partition("=")[0] for word in words], folder)
    for word in words:
        name, _, version = word.partition("=")
        for build in picked:
            if version and is_meant(name, build.name) and version != build.version:
                raise CommandError(
                    f"{folder} has {build.name} {build.version}, not {version}. "
                    f"Build that: scripts/edge build {name} --version {version}"
                )
    return picked


def _full_name(word: str, folder: Path, option: str) -> str:
    """A component's whole name; a short one is that of something that was built."""
    if "." in word:
        return word
    name = builds.meant(word, [build.name for build in builds.read(folder)])
    if name is None:
        raise CommandError(f"{option} '{word}': write the whole name, e.g. com.example.{word}")
    return name


def refuse_unclear(options_of_aws: Mapping[str, str | None]) -> None:
    """Refuse options that are AWS's beside --local.

    Args:
        options_of_aws: Option -> what was given; None means nothing was.

    Raises:
        CommandError: One of them was given.
    """
    given = [option for option, value in options_of_aws.items() if value is not None]
    if given:
        raise CommandError(f"--local goes without AWS, so without {', '.join(given)}. Leave one of them out.")
