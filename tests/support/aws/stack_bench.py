"""What tests of `edge cloud` share: reading what a stack holds."""

from typing import Any

from support.aws.bench import Bench
from support.aws.stacks import Stack

STACK = "edge-fleet"


def only_stack(at: Bench) -> Stack:
    """The one stack that there is."""
    (stack,) = at.cloud.stacks.stacks.values()
    return stack


def actions(document: Any) -> dict[str, list[str]]:
    """Action -> logical ids, of a change set in JSON."""
    found: dict[str, list[str]] = {}
    for one in document["changes"]:
        found.setdefault(one["action"], []).append(one["logical_id"])
    return found
