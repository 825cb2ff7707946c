"""`edge build`: its options and their help. What it does is in `edge_cli.building`, imported when it runs."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_cli import project
from edge_cli.commands.options import AsJson, examples
from edge_cli.errors import CommandError
from edge_cli.screen.console import Screen
from edge_cli.screen.reporting import reporting
from edge_cli.targets import DEVICE_PYTHON, Architecture, PythonVersion, choose

if TYPE_CHECKING:
    from rich.console import RenderableType

    from edge_cli.building.component import Built

EPILOG = examples(
    "scripts/edge build",
    "scripts/edge build mqtt_publisher --arch aarch64 --python 3.12",
    "scripts/edge build --namespace com.acme --version 1.4.0 --out build/acme",
    "scripts/edge build --gdk",
)


def build(
    *,
    components: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMPONENT", help="Folder or component name. Default: all."),
    ] = None,
    arch: Annotated[
        list[Architecture] | None,
        typer.Option("--arch", help="Processor, repeatable. Default: aarch64 and this machine's."),
    ] = None,
    python: Annotated[
        PythonVersion | None,
        typer.Option("--python", help="Python on the device. Default: 3.11; for this machine, its own."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", metavar="NAME", help="Prefix of the component names. Default: com.example."
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", metavar="VERSION", help="Version to build. Default: the one in the recipe."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            show_default=False,
            help="Output folder. Default: greengrass-build in the project.",
        ),
    ] = None,
    stage_gdk: Annotated[
        bool, typer.Option("--gdk", help="Stage a GDK project for each component in build/gdk instead.")
    ] = False,
    gdk_project: Annotated[
        Path | None,
        typer.Option("--gdk-project", metavar="DIR", help="Build for the GDK project in DIR; called by GDK."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build recipes and self-contained artifacts.

    Writes recipes/NAME-VERSION.yaml and artifacts/NAME/VERSION/PACKAGE-PYTHON-ARCH.zip, each with a
    bill of materials and a SHA-256. A device needs no pip and no network. The same input gives the same
    bytes, on any machine.
    """
    with reporting(as_json=as_json) as screen:
        chosen = _chosen(components)
        if stage_gdk:
            _refuse_beside(
                "--gdk", {"--out": out, "--gdk-project": gdk_project, "--arch": arch, "--python": python}
            )
            _stage(screen, chosen, namespace, version)
        elif gdk_project:
            _refuse_beside("--gdk-project", {"--out": out, "--namespace": namespace, "--version": version})
            _build_for_gdk(screen, chosen, gdk_project, arch or [], python)
        else:
            from edge_cli.building import view
            from edge_cli.building.component import BuildRequest
            from edge_cli.building.component import build as build_component

            targets = choose(arch or [], python)
            output = out or project.BUILD_OUTPUT
            request = BuildRequest(targets, namespace, version)
            built = [
                _with_progress(screen, partial(build_component, component, output, request))
                for component in chosen
            ]
            _show(screen, built, view.built(built, output))


def _chosen(words: list[str] | None) -> list[project.Component]:
    chosen = [project.find_component(word) for word in words] if words else project.components()
    if not chosen:
        raise CommandError(f"There is nothing to build: no component in {project.COMPONENTS} has a recipe.")
    return chosen


def _refuse_beside(option: str, others: dict[str, Any]) -> None:
    if given := [name for name, value in others.items() if value]:
        raise CommandError(f"{', '.join(given)} cannot be used with {option}: see scripts/edge build --help.")


def _stage(
    screen: Screen, chosen: list[project.Component], namespace: str | None, version: str | None
) -> None:
    from edge_cli.building import gdk, view

    projects = gdk.stage(chosen, namespace=namespace, version=version)
    screen.tell([str(path) for path in projects], view.staged(projects))


def _build_for_gdk(
    screen: Screen,
    chosen: list[project.Component],
    gdk_project: Path,
    arch: list[Architecture],
    python: PythonVersion | None,
) -> None:
    from edge_cli.building import gdk, view

    if len(chosen) != 1:
        raise CommandError(
            "--gdk-project takes one component: scripts/edge build COMPONENT --gdk-project DIR"
        )
    # What is published must not depend on whose laptop it was.
    targets = choose(arch or list(Architecture), python or DEVICE_PYTHON)
    built = _with_progress(screen, partial(gdk.build, chosen[0], gdk_project, targets=targets))
    _show(screen, [built], view.built_for_gdk(built))


def _with_progress(screen: Screen, work: "Callable[..., Built]") -> "Built":
    with screen.working("Building") as update:
        return work(progress=lambda sentence: update(f"{sentence} …"))


def _show(screen: Screen, built: "list[Built]", words: "RenderableType") -> None:
    document = json.loads(json.dumps([asdict(item) for item in built], default=str))
    screen.show(document, lambda: words)
