"""`edge deploy`: what is asked for -> what would be done, everything checked; changes nothing."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import project
from edge_cli.building import builds
from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from edge_cli.fleet import catalogue, difference, group_deployments, resets, settings, specification, standing
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.catalogue import RecipeOf
from edge_cli.fleet.difference import Difference
from edge_cli.fleet.specification import Changes, JsonObject
from edge_cli.fleet.standing import Latest
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What a person asks for.

    Attributes:
        components: NAME or NAME=VERSION each, the name as `project.is_meant` takes it.
        remove: Names of components that go.
        configuration: Name -> change.
        build_folder: Whose components are meant when nothing is named; and where names are looked up.
        base: Id of the deployment to start from; None means the latest, which then must not be cancelled.
        again: What the base asks for is to be done once more, its RESETs too.
        is_unchecked: Settings that would be refused are only noted.
    """

    components: Sequence[str]
    remove: Sequence[str]
    configuration: Mapping[str, Change]
    build_folder: Path
    base: str | None = None
    again: bool = False
    is_unchecked: bool = False


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
        from_cancelled: The same for devices that took the latest deployment though it was cancelled; empty
            where it was not.
        untouched: Components that stay exactly as they are.
        notes: What else a person must know.
        is_due: A deployment is to be created: something changes, the latest is not what it starts from, or
            it is asked for again.
    """

    target: Target
    devices: tuple[str, ...]
    latest: Latest
    base_id: str | None
    specification: JsonObject
    differences: tuple[Difference, ...]
    from_cancelled: tuple[Difference, ...]
    untouched: tuple[str, ...]
    notes: tuple[str, ...]
    is_due: bool


def plan(aws: Aws, target: Target, request: DeployRequest) -> Plan:
    """What a request comes to.

    Raises:
        CommandError: A component is not there, cannot be deployed, would not start, or is not what the target
            runs; or the latest deployment is cancelled and the request names none to start from.
    """
    recipe_of: RecipeOf = functools.cache(functools.partial(catalogue.recipe, aws))
    now = standing.look(aws, target, request.base)
    name = f"Deployment to {target}"
    before, base, latest = (
        specification.kept(one, target.arn, name) for one in (now.asked, now.base, now.present)
    )
    base = specification.with_components(before if now.asked else latest, base)
    start = specification.without_done_resets(base) if now.base_is_done and not request.again else base
    changes = _changes(aws, request, base)
    after = specification.changed(start, changes)
    staying: dict[str, list[str]] = {}
    for running in (before, latest):
        for find in (resets.withdrawn, functools.partial(resets.other_grants, recipe_of)):
            ours, of_others = resets.by_owner(find(running, after), request.build_folder)
            after = specification.with_resets(after, ours)
            for name, pointers in of_others.items():
                staying[name] = sorted({*staying.get(name, ()), *pointers})
    differences = difference.between(before, after)
    touched = {one.component for one in differences}
    asked = settings.Asked(
        changes=changes.configuration,
        running=(before, base, latest),
        build_folder=request.build_folder,
        from_base=base["components"] if request.base else (),
        is_unchecked=request.is_unchecked,
    )
    verdict = settings.judged(before, after, differences, recipe_of, asked)
    if verdict.refusals:
        raise CommandError("\n".join((*verdict.refusals, "Nothing was changed.")))
    is_due = bool(differences) or (now.base is not None and (request.again or not now.starts_from_latest))
    from_cancelled = tuple(difference.between(latest, after)) if now.latest.is_cancelled else ()
    touched |= {one.component for one in from_cancelled}
    return Plan(
        target=target,
        devices=now.devices,
        latest=now.latest,
        base_id=now.base["deploymentId"] if now.base else None,
        specification=after,
        differences=tuple(differences),
        from_cancelled=from_cancelled,
        untouched=tuple(sorted(set(before["components"]) - touched)),
        notes=(
            *_conflicts(aws, target, after, sorted(touched)),
            *standing.notes(now, target, is_sent=is_due),
            *verdict.notes,
            *(resets.notes(now, base, after, again=request.again) if is_due else ()),
            *(resets.staying_notes(after, staying) if is_due else ()),
        ),
        is_due=is_due,
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


def _conflicts(aws: Aws, target: Target, after: JsonObject, touched: Sequence[str]) -> list[str]:
    """Notes only: the core itself refuses what its groups contradict, and nothing changes on it."""
    try:
        through = group_deployments.of_thing(aws, target)
    except AwsError as error:
        return [f"What groups ask {target} to run was not compared with this. {error}"]
    return group_deployments.conflicts(after["components"], through, touched)


def _changes(aws: Aws, request: DeployRequest, base: JsonObject) -> Changes:
    there: dict[str, JsonObject] = base["components"]
    built = {build.name: build.version for build in builds.read(request.build_folder)}
    ours = [one.name for one in project.components()]
    words = list(request.components)
    if not (words or request.remove or request.configuration or request.base):
        words = [build.name for build in builds.chosen([], request.build_folder)]
    wanted: dict[str, str | None] = {}
    for word in words:
        name, _, version = word.partition("=")
        # What was built in a namespace comes before the project's own names.
        wanted[_full_name(name, built, there, ours)] = version or None
    running = {**there, **wanted}
    remove = tuple(_full_name(word, running, built, ours) for word in request.remove)
    changes = {
        _full_name(word, running, built, ours): change for word, change in request.configuration.items()
    }
    if len(changes) < len(request.configuration):
        raise CommandError("--configuration names a component twice. Put all that is meant for it together.")
    if both := sorted({*remove} & {*wanted, *changes}):
        raise CommandError(f"{', '.join(both)} cannot be removed and deployed at once.")
    versions = {
        name: catalogue.deployable(aws, name, version, built.get(name)) for name, version in wanted.items()
    }
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
