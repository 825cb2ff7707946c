"""Rules of deployment.json: configuration for a deployment, by component."""

from collections.abc import Iterator

from edge_cli.lint.amazon import COMPONENTS, misspelt
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.secrets import kinds_of_secret, texts
from edge_cli.lint.values import entries, nearest, text, walk
from edge_cli.lint.workspace import Workspace
from edge_cli.project import NAME_PREFIX

_CHANGES = ("MERGE", "RESET")


def _form(project: Workspace) -> Iterator[Remark]:
    if project.deployment is None:
        return
    for place in project.deployment.repeated:
        yield Remark(
            project.deployment.source.spot(place),
            f"{place.path} stands here a second time: JSON keeps only the last one. Remove one.",
        )
    for name, change in entries(project.deployment.root).items():
        for key, value in entries(change).items():
            if key not in _CHANGES:
                yield Remark(
                    project.deployment.source.spot(value),
                    f"{key!r} is no change of a configuration; {nearest(key, _CHANGES)}",
                )
        if not entries(change):
            yield Remark(
                project.deployment.source.spot(change),
                f"{name} has no {' or '.join(_CHANGES)}: nothing would change. Write {{{_CHANGES[0]!r}: …}}.",
            )


def _names(project: Workspace) -> Iterator[Remark]:
    ours = [recipe.own_name for recipe in project.recipes]
    if project.deployment is None:
        return
    for key, value in walk(project.deployment.root):
        is_unknown = key.startswith(NAME_PREFIX) and key not in ours
        if value.entries is not None and (is_unknown or misspelt(key, COMPONENTS)):
            yield Remark(
                project.deployment.source.spot(value),
                f"there is no component {key}: what stands here is for nobody; "
                f"{nearest(key, (*ours, *COMPONENTS))}",
            )


def _secrets(project: Workspace) -> Iterator[Remark]:
    if project.deployment is None:
        return
    for under, key, value in texts(project.deployment.root):
        for kind in kinds_of_secret(key, text(value), under):
            yield Remark(
                project.deployment.source.spot(value),
                f"{key} holds {kind}: everybody who can read the project or call GetDeployment "
                "can read it. Replace it by a reference to a secret, and revoke it.",
            )


RULES_OF_PROJECT = (
    Rule("deployment-form", Severity.ERROR, "what is neither MERGE nor RESET in deployment.json", _form),
    Rule("deployment-component", Severity.ERROR, "a component in deployment.json that is none", _names),
    Rule("secret-in-deployment", Severity.ERROR, "a password, key or token in deployment.json", _secrets),
)
