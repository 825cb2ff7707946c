"""`edge deploy --local`: what is asked for -> what would change, everything checked; changes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_cli import recipes, settings_check
from edge_cli.building.builds import Build
from edge_cli.configuration_option import Change
from edge_cli.device import configuring, holdings, interpreters, room
from edge_cli.device.nucleus import BROKEN_STATES, Installed, Nucleus
from edge_cli.device.packing import Pack
from edge_cli.errors import CommandError
from edge_cli.fleet import difference
from edge_cli.fleet.configuration import GRANTS, leaves
from edge_cli.fleet.difference import Difference, Kind

_GRANTS_KEY = GRANTS.removeprefix("/")


@dataclass(frozen=True, slots=True)
class BoardDeployRequest:
    """What a person asks for.

    Attributes:
        builds: What is to be deployed.
        remove: Components to take away.
        changes: Component -> what is changed of its configuration.
        build_folder: Where the builds lie.
        is_unchecked: Settings that would be refused are only noted.
    """

    builds: Sequence[Build]
    remove: Sequence[str]
    changes: Mapping[str, Change]
    build_folder: Path
    is_unchecked: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done; two are the same when they would do the same.

    Attributes:
        differences: What happens to which component; empty when nothing does.
        changes: Component -> what is changed of its configuration, grants to be reset among it.
        same: Those asked for that the board has just so.
        broken: Those of them that the nucleus has given up.
        grants_reset: Those whose grants go back to the recipe's.
        failure_policy: What the nucleus does when it fails; None where it cannot be told.
        warnings: What a person should know before.
    """

    differences: tuple[Difference, ...]
    changes: Mapping[str, Change]
    same: tuple[str, ...]
    broken: tuple[str, ...] = field(compare=False)
    grants_reset: tuple[str, ...]
    failure_policy: str | None
    warnings: tuple[str, ...] = field(compare=False)


def plan(nucleus: Nucleus, request: BoardDeployRequest, pack: Pack) -> Plan:
    """What a request comes to on a board.

    Raises:
        CommandError: Something of it cannot be done, or would not run there.
    """
    board = nucleus.board
    names = [build.name for build in request.builds]
    nucleus.refuse_what_it_cannot(names, removes=bool(request.remove), configures=bool(request.changes))
    if both := sorted({*request.remove} & {*names, *request.changes}):
        raise CommandError(f"{', '.join(both)} cannot be removed and deployed at once.")
    documents = {build.name: recipes.read_document(build.recipe) for build in request.builds}
    wanted = {name: interpreters.named_in(document, board.machine) for name, document in documents.items()}
    found = interpreters.found_on(board, set().union(*wanted.values()))
    interpreters.refuse_missing(board, wanted, found)
    present = nucleus.components()
    if present is not None:
        _refuse_absent(nucleus, request, present)
    for build in request.builds:
        holdings.refuse_other_content(nucleus, build, pack.digests[build.name])
    room.refuse_full(board, nucleus.root, pack.folder)
    defaults = {name: _defaults(document) for name, document in documents.items()}
    reset = _grants_to_reset(defaults, present or {})
    changes = {**request.changes, **{name: _with_reset(request.changes.get(name)) for name in reset}}
    after = {
        name: configuring.resolved(_held(present, name), defaults.get(name, {}), changes.get(name, Change()))
        for name in dict.fromkeys([*names, *changes])
    }
    warnings = [warning] if (warning := room.clock_warning(board)) else []
    if present is None:
        warnings.append(f"{nucleus.kind} does not report what it runs, nor with which settings.")
    warnings += _judged(request, after, defaults, present)
    differences = _differences(request, changes, after, present)
    touched = {one.component for one in differences}
    same = tuple(name for name in names if name not in touched)
    return Plan(
        differences=tuple(differences),
        changes=changes,
        same=same,
        broken=tuple(name for name in same if present and present[name].state in BROKEN_STATES),
        grants_reset=tuple(reset),
        failure_policy=nucleus.failure_policy,
        warnings=tuple(warnings),
    )


def _refuse_absent(nucleus: Nucleus, request: BoardDeployRequest, present: Mapping[str, Installed]) -> None:
    board = nucleus.board.name
    there = ", ".join(sorted(present)) or "none"
    if gone := [name for name in request.remove if name not in present]:
        raise CommandError(f"--remove: {board} has no {', '.join(gone)}. There are: {there}.")
    names = {build.name for build in request.builds}
    for name in request.changes.keys() - names - present.keys():
        raise CommandError(
            f"--configuration is for {name}, which {board} does not have. "
            f"Deploy it with its configuration: scripts/edge deploy {name} --local --configuration …"
        )


def _defaults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}


def _held(present: Mapping[str, Installed] | None, name: str) -> Mapping[str, Any] | None:
    component = (present or {}).get(name)
    return None if component is None else component.configuration


def _grants_to_reset(
    defaults: Mapping[str, Mapping[str, Any]], present: Mapping[str, Installed]
) -> list[str]:
    """Components on the board with grants that are not their recipes'.

    The classic nucleus keeps what is configured when a later recipe grants something else, unless it is told
    to reset it. What somebody granted by configuration goes with it.
    """
    return [
        name
        for name, wanted in defaults.items()
        if name in present
        and _as_text(present[name].configuration.get(_GRANTS_KEY) or {})
        != _as_text(wanted.get(_GRANTS_KEY) or {})
    ]


def _with_reset(change: Change | None) -> Change:
    change = change or Change()
    return Change(change.merge, tuple(dict.fromkeys([*change.reset, GRANTS])))


def _judged(
    request: BoardDeployRequest,
    after: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Mapping[str, Any]],
    present: Mapping[str, Installed] | None,
) -> list[str]:
    """What components would complain of, or do not have; raised where that is sure, else returned."""
    refusals: list[str] = []
    notes: list[str] = []
    for name, configuration in after.items():
        try:
            sure = _is_known(name, request, defaults.get(name), present)
            unknown = _without_effect(name, request, defaults.get(name), present)
            faults = _faults(name, configuration, request)
        except CommandError as error:  # the project here may be half edited
            notes.append(f"{name}: its settings were not checked. {error}")
            continue
        if unknown:
            is_ours = present is None or name in defaults or sure
            (refusals if is_ours else notes).append(
                "\n".join((f"--configuration for {name} names what it does not have:", *unknown))
            )
        if faults and sure:
            refusals.append("\n".join((f"{name} would not start with these settings:", *faults)))
        else:
            unsure = "would not start, unless the board has other settings or its version takes these"
            notes += [f"{name} {unsure}: {fault}" for fault in faults]
    if refusals and not request.is_unchecked:
        raise CommandError("\n".join((*refusals, "To deploy it all the same: --unchecked")))
    return [*refusals, *notes]


def _is_known(
    name: str,
    request: BoardDeployRequest,
    defaults: Mapping[str, Any] | None,
    present: Mapping[str, Installed] | None,
) -> bool:
    """Whether all settings are known, and the component that gets them is the one whose model is here."""
    component = settings_check.of_project(name, request.build_folder)
    if component is None or present is None:
        return False
    here = recipes.read_facts(component.recipe)
    if defaults is None:
        return present[name].version == here.version
    return {*leaves(defaults.get(settings_check.SETTINGS))} == {*leaves(here.settings)}


def _without_effect(
    name: str,
    request: BoardDeployRequest,
    defaults: Mapping[str, Any] | None,
    present: Mapping[str, Installed] | None,
) -> list[str]:
    change = request.changes.get(name)
    held = {**leaves(defaults), **leaves(_held(present, name))}
    if change is None:
        return []
    return settings_check.unknown_members(name, change, held.keys() - {""}, request.build_folder)


def _faults(name: str, configuration: Mapping[str, Any], request: BoardDeployRequest) -> list[str]:
    settings = configuration.get(settings_check.SETTINGS)
    return settings_check.faults(
        name, settings if isinstance(settings, Mapping) else {}, request.build_folder
    )


def _differences(
    request: BoardDeployRequest,
    changes: Mapping[str, Change],
    after: Mapping[str, Mapping[str, Any]],
    present: Mapping[str, Installed] | None,
) -> list[Difference]:
    versions = {build.name: build.version for build in request.builds}
    if present is None:
        return [Difference(name, Kind.CHANGED, None, version) for name, version in versions.items()]
    held = {name: one for name, one in present.items() if name in {*versions, *changes, *request.remove}}
    old = {name: _specified(one.version, one.configuration, ()) for name, one in held.items()}
    new = {
        name: _specified(
            versions[name] if name in versions else held[name].version,
            configuration if name in held else changes.get(name, Change()).merge,
            changes.get(name, Change()).reset if name in held else (),
        )
        for name, configuration in after.items()
    }
    return difference.between({"components": old}, {"components": new})


def _specified(version: str, configuration: Mapping[str, Any], reset: Sequence[str]) -> dict[str, Any]:
    """A component as a deployment of the API has it, which is what differences are told from."""
    shown = {key: _as_text(value) for key, value in configuration.items() if key != _GRANTS_KEY}
    update = {"merge": json.dumps(shown, sort_keys=True), "reset": list(reset)}
    return {"componentVersion": version, "configurationUpdate": update}


def _as_text(value: object) -> object:
    """Without the differences that a nucleus makes on the way: numbers and words are the same text."""
    if isinstance(value, Mapping):
        return {str(key): _as_text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_as_text(member) for member in value]
    return str(value)
