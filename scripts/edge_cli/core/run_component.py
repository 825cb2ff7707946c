"""A component on the laptop without a deployment: its module, its recipe's settings, a running core.

Runs one child in the terminal's process group, so that Ctrl-C reaches it; waits in the command's thread.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli.core import daemon
from edge_cli.core.access import read_access
from edge_cli.errors import CommandError
from edge_cli.project import COMPONENTS, Component
from edge_cli.recipes import read_facts
from edge_common.lifetime import EXIT_CONFIGURATION
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.settings import CoreSettings


@dataclass(frozen=True, slots=True)
class Run:
    """How a component is started.

    Attributes:
        argv: Its command line.
        settings: What GG_COMPONENT_CONFIG holds.
        variables: Environment variables beside the user's own.
        folder: Its working folder, where it keeps what waits to be delivered; None for the user's own, where
            it writes nothing.
        core: Sentence that says which core it talks to, if any.
    """

    argv: list[str]
    settings: dict[str, Any]
    variables: dict[str, str]
    folder: Path | None
    core: str


def prepare(component: Component, root: Path, flags: Sequence[str], changes: Sequence[str]) -> Run:
    """Put together what the nucleus would give the component.

    Args:
        component: What to run.
        root: The core to talk to, if it runs.
        flags: `--check`, `--once`, `--dry-run`, `--debug`, as the component takes them.
        changes: `key=value` or `key.inner=value`; the value is JSON, or else a string.

    Raises:
        CommandError: A change is not one, or the component needs a core and none runs.
    """
    settings = changed(read_facts(component.recipe).settings, changes)
    stays_offline = bool({"--check", "--dry-run"} & set(flags))
    variables = {"GG_COMPONENT_CONFIG": json.dumps(settings), "PYTHONPATH": _import_path(component)}
    try:
        variables |= _core_variables(root)
    except CoreError:
        if not stays_offline:
            raise CommandError(
                f"{component.name} needs a core and none runs on {root}. Start one (scripts/edge core up), "
                f"or run it without: scripts/edge run {component.package} --dry-run"
            ) from None
        defaults = CoreSettings(root=root)
        variables |= _identity(defaults.thing_name, defaults.region)
    # Beside the deployed component's own folder, which that one may have locked.
    folder = None if stays_offline else Layout(root).work(f"{component.name}.run")
    core = (
        f"The component talks to the core on {root}, with the rights of this command, not its own. "
        f"Its files: {folder}"
        if folder
        else "The component talks to no core."
    )
    return Run([sys.executable, "-u", "-m", component.package, *flags], settings, variables, folder, core)


def run(prepared: Run, *, quiet_stdout: bool) -> int:
    """Run it to its end and return its exit code; Ctrl-C and SIGTERM are the component's to answer.

    Args:
        prepared: What to run.
        quiet_stdout: Send the component's output to stderr, because stdout is for a JSON result.
    """
    if prepared.folder is not None:
        prepared.folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        prepared.argv,
        cwd=prepared.folder,
        env={**os.environ, **prepared.variables},
        stdout=sys.stderr if quiet_stdout else None,
    ) as process:
        # The terminal sends Ctrl-C to both; we stay until the component has drained.
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminate = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, interrupt)
            signal.signal(signal.SIGTERM, terminate)


def advice(prepared: Run, exit_code: int) -> str:
    """What to do when the component has refused its settings; "" when it has not."""
    if exit_code != EXIT_CONFIGURATION:
        return ""
    example = "sensor.source=host"
    if prepared.settings.get("bucket") == "":
        example = f"bucket={CoreSettings(root=Path()).bucket}, which the local core has"
    return f"To change a setting of the recipe for this run: --set KEY=VALUE, such as --set {example}"


def changed(settings: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Settings with some of them replaced; the given ones are left alone.

    >>> changed({"bucket": "", "sensor": {"source": "iio"}}, ["sensor.source=host", "bucket=readings"])
    {'bucket': 'readings', 'sensor': {'source': 'host'}}

    Raises:
        CommandError: A change is not `key=value`, or goes below something that is no mapping.
    """
    result: dict[str, Any] = json.loads(json.dumps(settings))
    for change in changes:
        path, separator, text = change.partition("=")
        *parents, key = path.split(".")
        if not separator or not key or not all(parents):
            raise CommandError(f"--set '{change}' is not KEY=VALUE. Write e.g. --set publish_interval_s=1")
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise CommandError(
                    f"--set '{change}': '{parent}' is a single value, nothing can lie below it."
                )
        place[key] = _value(text)
    return result


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _import_path(component: Component) -> str:
    inherited = os.environ.get("PYTHONPATH")
    folders = [str(component.sources.parent), str(COMPONENTS / "common"), *([inherited] if inherited else [])]
    return os.pathsep.join(folders)


def _identity(thing_name: str, region: str) -> dict[str, str]:
    return {"AWS_IOT_THING_NAME": thing_name, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _core_variables(root: Path) -> dict[str, str]:
    status = daemon.status(root)
    access = read_access(root)
    return _identity(status["thing_name"], status["region"]) | {
        "SVCUID": access.token,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": access.token,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": status["endpoints"]["token_exchange"],
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH": access.socket_path,
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": access.socket_path,
        "AWS_ENDPOINT_URL_S3": status["endpoints"]["s3"],
    }
