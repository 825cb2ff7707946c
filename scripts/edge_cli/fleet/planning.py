"""`edge deploy`: what is asked for -> what would be done, everything checked; changes nothing."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import project
from edge_cli.building import builds
from edge_cli.errors import CommandError
from edge_cli.fleet import catalogue, difference, resets, settings, specification, standing
from edge_cli.fleet.aws import Aws
from edge_cli.fleet.catalogue import RecipeOf
from edge_cli.fleet.configuration import Change
from edge_cli.fleet.difference import Difference
from edge_cli.fleet.specification import Changes, JsonObject
from edge_cli.fleet.standing import Latest
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for.

    Attributes:
        components: NAME or NAME=VERSION each, the name as `builds.is_meant` takes it.
        remove: Names of components that go.
        configuration: Name -> change.
        build_folder: Whose components are meant when nothing is named; and where names are looked up.
        base: Id of the deployment to start from; None means the latest, which then must not be cancelled.
        again: What the base asks for is to be done once more, its RESETs too.
    """

    components: Sequence[str]
    remove: Sequence[str]
    configuration: Mapping[str, Change]
    build_folder: Path
    base: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done.

    Attributes:
        target: Where.
        devices: Thing names of the core devices that get it.
        latest: What the target was asked for last.
        base_id: Id of the deployment that it starts from; None where there is none.
        specification: Arguments of `CreateDeployment`.
        differences: What happens to which component, other than what the target was asked to run.
        untouched: Components that stay exactly as they are.
        notes: What else a person must know.
        is_due: A deployment is to be created: something changes, or the latest is not what it starts from.
    """

    target: Target
    devices: tuple[str, ...]
    latest: Latest
    base_id: str | None
    specification: JsonObject
    differences: tuple[Difference, ...]
    untouched: tuple[str, ...]
    notes: tuple[str, ...]
    is_due: bool


def plan(aws: Aws, target: Target, wish: Wish) -> Plan:
    """What a wish comes to.

    Raises:
        CommandError: A component is not there, cannot be deployed, would not start, or is not what the target
            runs; or the latest deployment is cancelled and the wish names none to start from.
    """
    recipe_of: RecipeOf = functools.cache(functools.partial(catalogue.recipe, aws))
    now = standing.look(aws, target, wish.base)
    name = f"Deployment to {target}"
    before, base, latest = (
        specification.kept(one, target.arn, name) for one in (now.asked, now.base, now.present)
    )
    start = specification.without_done_resets(base) if now.base_is_done and not wish.again else base
    after = specification.changed(start, _changes(aws, wish, base))
    for running in (before, latest):
        after = specification.with_resets(after, resets.withdrawn(running, after))
        after = specification.with_resets(after, resets.other_grants(recipe_of, running, after))
    differences = difference.between(before, after)
    verdict = settings.judged(before, after, differences, recipe_of)
    if verdict.refusals:
        raise CommandError("\n".join((*verdict.refusals, "Nothing was changed.")))
    touched = {one.component for one in differences}
    return Plan(
        target=target,
        devices=now.devices,
        latest=now.latest,
        base_id=now.base["deploymentId"] if now.base else None,
        specification=after,
        differences=tuple(differences),
        untouched=tuple(sorted(set(before["components"]) - touched)),
        notes=(*standing.notes(now), *verdict.notes, *resets.notes(now, base, after, again=wish.again)),
        is_due=bool(differences) or (now.base is not None and not now.starts_from_latest),
    )


def refuse_outdated(aws: Aws, made: Plan) -> None:
    """Somebody may have deployed or cancelled while a person looked at the plan; that must not be undone.

    Raises:
        CommandError: They have.
    """
    if standing.seen_last(aws, made.target) != made.latest:
        raise CommandError(
            f"Somebody else has deployed to {made.target} or cancelled meanwhile. Nothing was changed. "
            "Run this "
            "again to see what would change now."
        )


def _changes(aws: Aws, wish: Wish, base: JsonObject) -> Changes:
    there: dict[str, JsonObject] = base["components"]
    built = [build.name for build in builds.read(wish.build_folder)]
    ours = [one.name for one in project.components()]
    words = list(wish.components)
    if not (words or wish.remove or wish.configuration or wish.base):
        words = [build.name for build in builds.chosen([], wish.build_folder)]
    wanted: dict[str, str | None] = {}
    for word in words:
        name, _, version = word.partition("=")
        # What was built in a namespace comes before the project's own names.
        wanted[_full_name(name, built, there, ours)] = version or None
    running = {**there, **wanted}
    remove = tuple(_full_name(word, running, built, ours) for word in wish.remove)
    changes = {_full_name(word, running, built, ours): change for word, change in wish.configuration.items()}
    if len(changes) < len(wish.configuration):
        raise CommandError("--configuration names a component twice. Put all that is meant for it together.")
    if both := sorted({*remove} & {*wanted, *changes}):
        raise CommandError(f"{', '.join(both)} cannot be removed and deployed at once.")
    versions = {name: catalogue.deployable(aws, name, version) for name, version in wanted.items()}
    return Changes(versions=versions, remove=remove, configuration=changes)


def _full_name(word: str, *known: Iterable[str]) -> str:
    """The component that a word means, of the first names that have one.

    A full name of something unknown here is taken as it is.
    """
    for names in known:
        if found := builds.meant(word, names):
            return found
    if "." in word:
        return word
    there_are = ", ".join(dict.fromkeys(name for names in known for name in names))
    raise CommandError(f"There is no component '{word}'. There are: {there_are or 'none'}.")
