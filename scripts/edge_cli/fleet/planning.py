"""`edge deploy`: what is asked for -> what would be done, everything checked; changes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import project
from edge_cli.errors import CommandError
from edge_cli.fleet import builds, catalogue, configuration, difference, history, specification
from edge_cli.fleet import target as targets
from edge_cli.fleet.aws import Aws
from edge_cli.fleet.configuration import Change
from edge_cli.fleet.difference import Difference
from edge_cli.fleet.specification import Changes, JsonObject
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for.

    Attributes:
        components: NAME or NAME=VERSION each, the name as `builds.is_meant` takes it.
        remove: Names of components that go.
        configuration: Name -> change.
        build_folder: Whose components are meant when nothing is named; and where names are looked up.
    """

    components: Sequence[str]
    remove: Sequence[str]
    configuration: Mapping[str, Change]
    build_folder: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done.

    Attributes:
        target: Where.
        devices: Thing names of the core devices that get it.
        present_id: Id of the deployment that holds now; None where there is none.
        specification: Arguments of `CreateDeployment`.
        differences: What happens to which component; empty when nothing does.
        untouched: Components that stay exactly as they are.
    """

    target: Target
    devices: tuple[str, ...]
    present_id: str | None
    specification: JsonObject
    differences: tuple[Difference, ...]
    untouched: tuple[str, ...]


def plan(aws: Aws, target: Target, wish: Wish) -> Plan:
    """What a wish comes to.

    Raises:
        CommandError: A component is not there or cannot be deployed, or is not what the target runs.
    """
    present = history.latest(aws, target)
    before = specification.kept(present, target.arn, f"Deployment to {target}")
    after = specification.changed(before, _changes(aws, wish, before))
    differences = difference.between(before, after)
    touched = {one.component for one in differences}
    return Plan(
        target=target,
        devices=tuple(targets.core_devices(aws, target)),
        present_id=present["deploymentId"] if present else None,
        specification=after,
        differences=tuple(differences),
        untouched=tuple(sorted(set(before["components"]) - touched)),
    )


def refuse_outdated(aws: Aws, made: Plan) -> None:
    """Somebody may have deployed while a person was looking at the plan; that must not be undone.

    Raises:
        CommandError: They have.
    """
    present = history.latest(aws, made.target)
    if (present["deploymentId"] if present else None) != made.present_id:
        raise CommandError(
            f"Somebody has deployed to {made.target} meanwhile. Nothing was changed. Run this again to see "
            "what would change now."
        )


def _changes(aws: Aws, wish: Wish, present: JsonObject) -> Changes:
    there: dict[str, JsonObject] = present["components"]
    known = _known_names(wish, there)
    remove = tuple(_full_name(word, known, there) for word in wish.remove)
    settings = {_full_name(word, known, there): change for word, change in wish.configuration.items()}
    words = list(wish.components)
    if not words and not remove and not settings:
        words = [build.name for build in builds.chosen([], wish.build_folder)]
    wanted: dict[str, str | None] = {}
    for word in words:
        name, _, version = word.partition("=")
        wanted[_full_name(name, known, known)] = version or None
    if both := sorted({*remove} & {*wanted, *settings}):
        raise CommandError(f"{', '.join(both)} cannot be removed and deployed at once.")
    chosen = {name: catalogue.deployable(aws, name, version) for name, version in wanted.items()}
    return Changes(
        versions=chosen,
        remove=remove,
        configuration=settings,
        new_grants=frozenset(
            name
            for name, version in chosen.items()
            if name in there and _grants_differ(aws, name, there[name]["componentVersion"], version)
        ),
    )


def _known_names(wish: Wish, there: Mapping[str, Any]) -> list[str]:
    """What short words can mean; what was built in a namespace comes before the project's own names."""
    built = [build.name for build in builds.read(wish.build_folder)]
    return list(dict.fromkeys([*built, *there, *(one.name for one in project.components())]))


def _full_name(word: str, known: Sequence[str], preferred: Mapping[str, Any] | Sequence[str]) -> str:
    """The component that a word means; a full name of something unknown here is taken as it is."""
    meant = [name for name in known if builds.is_meant(word, name)]
    exact = [name for name in meant if name == word]
    chosen = exact or [name for name in meant if name in preferred] or meant
    if chosen:
        return chosen[0]
    if "." in word:
        return word
    raise CommandError(f"There is no component '{word}'. There are: {', '.join(known) or 'none'}.")


def _grants_differ(aws: Aws, name: str, before: str, after: str) -> bool:
    if before == after:
        return False
    old = catalogue.recipe(aws, name, before)
    # Where the old recipe is gone nothing says that the grants are the same.
    return old is None or _grants(old) != _grants(catalogue.recipe(aws, name, after) or b"{}")


def _grants(recipe: bytes) -> Any:
    document = json.loads(recipe)
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    return defaults.get(configuration.GRANTS.removeprefix("/"))
