"""What greengrass-cli does not tell of a local deployment: what has no effect, what will fail, what waits.

Reads recipes, and outboxes in the core's folder; changes nothing. Runs in the command's thread.
"""

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_cli import recipes, settings_check
from edge_cli.configuration_option import Change
from edge_cli.core.deployments import DeploymentRequest
from edge_cli.device import configuring
from edge_cli.fleet.configuration import leaves
from edge_cli.project import is_meant
from edge_cli.screen.views import plural
from edge_cli.spool import places, survey
from edge_common.errors import EdgeError
from local_core.layout import Layout
from local_core.model.recipe import RECIPE_SUFFIXES

if TYPE_CHECKING:
    from edge_cli.core.greengrass_ipc import ComponentDetails

_UNKNOWN = ": unknown setting."  # as the fault of a name that is no setting goes on


def without_effect(request: DeploymentRequest, present: "Mapping[str, ComponentDetails]") -> Iterator[str]:
    """What a deployment asks for that would succeed and change nothing, a sentence for each.

    Args:
        request: What is asked for.
        present: What the core has, by name.

    Raises:
        CommandError: A component's configuration model cannot be imported.
    """
    there = {**present, **request.merge}
    for name in request.remove:
        if name not in present:
            yield f"--remove {name}: the core has no such component.{_meant(name, present)}"
    for name, change in request.update_config.items():
        if name not in there:
            yield f"--update-config for {name}: the core has no such component.{_meant(name, there)}"
            continue
        held = leaves(present[name].configuration) if name in present else {}
        for line in settings_check.unknown_members(name, change, set(held) - {""}):
            yield f"--update-config for {name}: {line}"


def refused_settings(request: DeploymentRequest, present: "Mapping[str, ComponentDetails]") -> Iterator[str]:
    """What components would complain of at their start, a sentence for each fault, with what takes it away.

    Args:
        request: What is asked for.
        present: What the core has, by name.

    Raises:
        CommandError: A component's configuration model cannot be imported.
    """
    defaults = _defaults(request)
    for name in dict.fromkeys([*request.merge, *request.update_config]):
        component = settings_check.of_project(name)
        if component is None or (name not in present and name not in defaults):
            continue
        held = present[name].configuration if name in present else None
        change = request.update_config.get(name, Change())
        after = configuring.resolved(held, defaults.get(name, {}), change)
        for fault in settings_check.refused(component, after.get(settings_check.SETTINGS, {})):
            remedy = _taken_back(name, fault, leaves(held))
            yield f"{name} will not start with these settings: {fault}{remedy}"


def _defaults(request: DeploymentRequest) -> dict[str, Mapping[str, Any]]:
    """Component -> DefaultConfiguration, of the recipes that are handed over; the core judges the rest."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(request.recipe_folder.rglob("*")) if request.recipe_folder else ():
        if path.suffix.lower() in RECIPE_SUFFIXES:
            with contextlib.suppress(OSError, ValueError):
                recipe = recipes.read_mapping(path)
                name = str(recipe.get("ComponentName"))
                if str(recipe.get("ComponentVersion")) == request.merge.get(name):
                    configuration = recipe.get("ComponentConfiguration")
                    given = (
                        configuration.get("DefaultConfiguration") if isinstance(configuration, dict) else {}
                    )
                    found[name] = given if isinstance(given, dict) else {}
    return found


def left_in_outboxes(root: Path, request: DeploymentRequest) -> Iterator[str]:
    """What components that are removed have not delivered, a sentence for each."""
    for name in request.remove:
        for outbox in places.outboxes_below(Layout(root).work(name)):
            try:
                waiting = survey.take(outbox).waiting
            except EdgeError:  # nothing of it can be counted, and the deployment is not about it
                continue
            if waiting:
                yield (
                    f"{plural(waiting, 'record')} of {name} {'waits' if waiting == 1 else 'wait'} in its "
                    f"outbox {outbox.path}. They stay there and are sent when it is deployed again."
                )


def _meant(word: str, there: Mapping[str, object]) -> str:
    names = [name for name in there if is_meant(word.rpartition(".")[2], name)]
    return f" Did you mean {' or '.join(names)}?" if names else ""


def _taken_back(name: str, fault: str, held: Collection[str]) -> str:
    """How to remove what is no setting, where the core holds it already."""
    pointer, unknown, _ = fault.partition(_UNKNOWN)
    if not unknown or pointer not in held:
        return ""
    reset = json.dumps({name: {"RESET": [pointer]}})
    return f" A MERGE does not remove it; this does: -c '{reset}'"
