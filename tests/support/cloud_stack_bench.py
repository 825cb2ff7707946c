"""What tests of `edge cloud` share: a bench without builds, and reading what a stack holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.greengrass_cloud_bench import Bench, bench
from support.greengrass_cloud_stacks import Stack
from support.s3_store import Store

STACK = "edge-fleet"


@contextmanager
def cloud_bench(
    store: Store, folder: Path, capture: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """A bench whose cloud has no stack yet."""
    with bench(store, folder / "build", capture, environment) as ready:
        yield ready


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
