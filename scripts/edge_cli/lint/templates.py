"""What cfn-lint finds in the CloudFormation templates: the gateway to it.

It knows AWS's own schemas of resources, and what no schema says. Its codes stay as they are, for its
documentation explains them. It takes a second for each template: it is imported when there is one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_cli.gdk_config import regions
from edge_cli.lint.finding import Finding, Severity, Spot
from edge_cli.lint.values import child, nearest, text
from edge_cli.lint.workspace import Workspace

_PREFIX = "cfn-"
_NOT_ONE_OF = re.compile(r"'([^']*)' is not one of \[(.*)\]")
_MAX_MESSAGE = 300  # some list every action of a service
# The first letter of cfn-lint's codes; it has I for what is no fault.
_SEVERITIES = {"E": Severity.ERROR, "W": Severity.WARNING}


def findings(project: Workspace) -> Iterator[Finding]:
    """What is wrong with the templates of a project."""
    for path in project.templates:
        for match in _matches(path, _regions(project)):
            if severity := _SEVERITIES.get(match.rule.id[0]):
                spot = Spot(path, match.linenumber, match.columnnumber)
                said = _shortened(" ".join(match.message.split()))
                yield Finding(spot, f"{_PREFIX}{match.rule.id}", severity, said)


def _shortened(message: str) -> str:
    """Of a long list of what there is only what comes near what is written."""
    found = _NOT_ONE_OF.match(message)
    if found is None or len(message) <= _MAX_MESSAGE:
        return message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}…"
    known = re.findall(r"'([^']*)'", found[2])
    return f"{found[1]!r} is none of {len(known)}; {nearest(found[1], known, 'none of them is like it')}"


def _matches(path: Path, regions: list[str]) -> list[Any]:
    from cfnlint.api import lint_file  # noqa: PLC0415  it takes a second, and most calls need none of it
    from cfnlint.config import ManualArgs  # noqa: PLC0415  the same

    return list(lint_file(path, ManualArgs(regions=regions)))


def _regions(project: Workspace) -> list[str]:
    """Where our components are published: not every type of resource is everywhere."""
    if project.registry is None:
        return []
    entries = project.registry.components.values()
    named = {text(region) for one in entries if (region := child(one, "publish", "region"))}
    return sorted(named & regions())
