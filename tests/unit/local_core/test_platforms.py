import platform as machine

import pytest

from local_core.model.platforms import current_platform, matches
from local_core.settings import Flavor

ORANGE_PI = {"os": "linux", "architecture": "aarch64"}
LITE_ORANGE_PI = {**ORANGE_PI, "runtime": "aws_nucleus_lite"}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"os": "linux"},
        {"os": "*", "architecture": "*"},
        {"os": "all", "architecture": "any"},
        {"os": "/linux|darwin/", "architecture": "/aarch.*/"},
        {"os": "linux", "architecture": "aarch64", "runtime": "*"},
    ],
)
def test_classic_platform_matches(wanted: dict[str, str]) -> None:
    assert matches(wanted, ORANGE_PI, Flavor.CLASSIC)


@pytest.mark.parametrize(
    "wanted",
    [
        {"os": "windows"},
        {"os": "linux", "architecture": "arm64"},
        {"architecture": "/aarch/"},  # the whole value must match
        {"architecture": "aarch"},
        {"runtime": "aws_nucleus_lite"},  # the classic nucleus defines no runtime
        {"runtime": "/.*/"},
        {"runtime": "all"},  # only os and architecture have the old wildcards
        {"board": "orange"},
    ],
)
def test_classic_platform_does_not_match(wanted: dict[str, str]) -> None:
    assert not matches(wanted, ORANGE_PI, Flavor.CLASSIC)


@pytest.mark.parametrize(
    "wanted",
    [
        {"runtime": "*"},
        {"runtime": "aws_nucleus_lite", "os": "linux"},
        {"runtime": "*", "os": "all", "architecture": "*"},
        {"runtime": "*", "architecture": "aarch64"},
    ],
)
def test_lite_platform_matches(wanted: dict[str, str]) -> None:
    assert matches(wanted, LITE_ORANGE_PI, Flavor.LITE)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"os": "linux", "architecture": "aarch64"},
        {"runtime": "aws_nucleus"},
        {"runtime": "*", "architecture": "amd64"},
        {"runtime": "*", "architecture": "/aarch64/"},
        {"runtime": "*", "architecture": "all"},
    ],
)
def test_lite_platform_does_not_match(wanted: dict[str, str]) -> None:
    assert not matches(wanted, LITE_ORANGE_PI, Flavor.LITE)


@pytest.mark.parametrize(
    ("hardware", "architecture", "detail"),
    [
        ("x86_64", "amd64", None),
        ("i686", "x86", None),
        ("aarch64", "aarch64", None),
        ("arm64", "aarch64", None),
        ("armv7l", "arm", "armv7l"),
        ("armv5tel", "arm", None),
        ("s390x", "unknown", None),
    ],
)
def test_machine_is_called_what_the_nucleus_calls_it(
    monkeypatch: pytest.MonkeyPatch, hardware: str, architecture: str, detail: str | None
) -> None:
    monkeypatch.setattr(machine, "machine", lambda: hardware)

    described = current_platform(Flavor.CLASSIC)

    assert described["architecture"] == architecture
    assert described.get("architecture.detail") == detail


def test_only_lite_names_its_runtime() -> None:
    assert "runtime" not in current_platform(Flavor.CLASSIC)
    assert current_platform(Flavor.LITE)["runtime"] == "aws_nucleus_lite"


def test_architecture_that_a_core_is_told_to_have_is_the_one_that_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "machine", lambda: "x86_64")
    assert current_platform(Flavor.LITE, "aarch64") == LITE_ORANGE_PI
