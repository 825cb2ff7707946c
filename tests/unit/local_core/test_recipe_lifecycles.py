"""Which steps a manifest ends up with: its own, or what its selections leave of the global ones."""

import logging
import re

import pytest

from local_core.model.recipe import Lifecycle, Recipe, SkipCondition, parse_recipe
from local_core.settings import Flavor

HEAD = "RecipeFormatVersion: 2020-01-25\nComponentName: a\nComponentVersion: 1.0.0\n"


def read(text: str, flavor: Flavor = Flavor.CLASSIC) -> Recipe:
    return parse_recipe(HEAD + text, "a.yaml", flavor)


def lifecycles(text: str, flavor: Flavor = Flavor.CLASSIC) -> list[Lifecycle]:
    return [manifest.lifecycle for manifest in read(text, flavor).manifests]


def scripts(lifecycle: Lifecycle) -> dict[str, str]:
    return {name: phase.script for name, phase in lifecycle.phases.items()}


def test_global_lifecycle_is_ignored_entirely_when_the_manifest_has_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (own,) = lifecycles(
        "Manifests:\n  - Lifecycle:\n      run: own\n"
        "Lifecycle:\n  Setenv: {A: b}\n  install: global\n  run: global\n"
    )

    assert scripts(own) == {"run": "own"}
    assert own.setenv == {}
    assert (
        "a.yaml:5: Manifests[0].Lifecycle: the global Lifecycle (line 7) is ignored entirely" in caplog.text
    )


@pytest.mark.parametrize("own", ["", "Lifecycle: {}", "Lifecycle:"])
def test_global_lifecycle_counts_when_the_manifest_has_none(own: str) -> None:
    (chosen,) = lifecycles(
        f"Manifests:\n  - Name: m\n    {own}\nLifecycle:\n  Setenv: {{A: b}}\n  run: global\n"
    )

    assert scripts(chosen) == {"run": "global"}
    assert chosen.setenv == {"A": "b"}


def test_selections_pick_whole_lifecycles_steps_or_scripts_in_order_of_preference() -> None:
    text = (
        "Manifests:\n"
        "  - Selections: [debian, linux]\n"
        "  - Selections: [linux]\n"
        "  - Name: neither\n"
        "Lifecycle:\n"
        "  install:\n    debian: apt install\n    all: nothing\n"
        "  run:\n    Script:\n      linux: run on linux\n      all: run anywhere\n    Timeout: 5\n"
        "  shutdown:\n    debian: only there\n"
    )

    debian, linux, neither = lifecycles(text)

    assert scripts(debian) == {"install": "apt install", "run": "run on linux", "shutdown": "only there"}
    assert scripts(linux) == {"install": "nothing", "run": "run on linux"}
    assert scripts(neither) == {"install": "nothing", "run": "run anywhere"}
    assert debian.phases["run"].timeout_s == 5


def test_selections_at_the_first_level_pick_a_whole_lifecycle() -> None:
    text = (
        "Manifests:\n  - Selections: [board]\n  - Name: other\n"
        "Lifecycle:\n  board:\n    run: on the board\n  all:\n    run: elsewhere\n"
    )

    board, other = lifecycles(text)

    assert (scripts(board), scripts(other)) == ({"run": "on the board"}, {"run": "elsewhere"})


def test_manifest_for_which_no_selection_is_left_does_nothing_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    board, other = lifecycles(
        "Manifests:\n  - Selections: [board]\n  - Selections: [other]\nLifecycle:\n  board:\n    run: x\n"
    )

    assert scripts(board) == {"run": "x"}
    assert other == Lifecycle()
    assert "Lifecycle: nothing of it is left for Manifests[1], whose Selections are other" in caplog.text


def test_keys_beside_selections_are_ignored_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    (chosen,) = lifecycles("Manifests:\n  - Selections: [x]\nLifecycle:\n  x:\n    run: a\n  install: lost\n")

    assert scripts(chosen) == {"run": "a"}
    assert "mixes selections with other keys: install are ignored" in caplog.text


def test_manifest_without_any_lifecycle_has_no_steps() -> None:
    assert lifecycles("Manifests:\n  - Platform: {os: linux}\n") == [Lifecycle()]


def test_lite_selects_only_all_or_linux_at_the_first_level() -> None:
    text = (
        "Manifests:\n"
        "  - Platform: {runtime: '*'}\n    Selections: [linux]\n    Artifacts: []\n"
        "  - Platform: {runtime: '*'}\n    Artifacts: []\n"
        "  - Platform: {runtime: '*'}\n    Selections: [board]\n    Artifacts: []\n"
        "  - Platform: {runtime: '*'}\n    Selections: [linux, all]\n    Artifacts: []\n"
        "Lifecycle:\n  linux: {run: a}\n  all: {run: b}\n  board: {run: c}\n"
    )

    linux, none, board, both = lifecycles(text, Flavor.LITE)

    assert (scripts(linux), scripts(none), scripts(board)) == ({"run": "a"}, {"run": "b"}, {})
    assert scripts(both) == {"run": "b"}  # the last one named wins


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("exists /a b", SkipCondition("exists", "/a b", negated=False)),
        ("onpath python3", SkipCondition("onpath", "python3", negated=False)),
        ("  !exists /a", SkipCondition("exists", "/a", negated=True)),
        ("! onpath  git", SkipCondition("onpath", "git", negated=True)),
    ],
)
def test_skip_condition_is_taken_apart(text: str, condition: SkipCondition) -> None:
    assert SkipCondition.parse(text) == condition


@pytest.mark.parametrize("text", ["exists", "exists ", "Exists /a", "onpath", "which git", "!!exists /a", ""])
def test_what_is_no_skip_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="exists PATH"):
        SkipCondition.parse(text)


WARNED = {
    "misspelt root key": (
        "Manifest: []\nManifests: [{}]\n",
        4,
        "Manifest: is not a key .* did you mean 'Manifests'",
    ),
    "runWith": (
        "runWith: {posixUser: a}\nManifests: [{}]\n",
        4,
        "runWith: is not a recipe field .*--runWith",
    ),
    "unknown phase": ("Manifests:\n  - Lifecycle:\n      Star: x\n", 6, "did you mean 'startup'"),
    "nothing alike": ("Manifests:\n  - Qqqq: x\n", 5, "known here: Name, Platform, Lifecycle"),
    "repeated key": (
        "Manifests:\n  - Name: a\n    Name: b\n",
        6,
        r"Manifests\[0\]\.Name: stands here a second time",
    ),
    "repeated in configuration": (
        "ComponentConfiguration:\n  DefaultConfiguration:\n    a:\n      b: 1\n      b: 2\nManifests: [{}]\n",
        8,
        r"DefaultConfiguration\.a\.b: stands here a second time",
    ),
    "arm64": (
        "Manifests:\n  - Platform: {architecture: arm64}\n",
        5,
        "'arm64' never matches; write 'aarch64'",
    ),
    "x86_64": (
        "Manifests:\n  - Platform: {architecture: x86_64}\n",
        5,
        "'x86_64' never matches; write one of amd64",
    ),
    "other system": (
        "Manifests:\n  - Platform: {os: Linux}\n",
        5,
        "'Linux' never matches; write one of linux",
    ),
}

WARNED_ON_LITE = {
    "key in another case": (
        "Manifests:\n  - Platform: {runtime: '*'}\n    Artifacts:\n      - {Uri: s3://b/f, unarchive: ZIP}\n",
        7,
        "unarchive: is ignored: Lite reads keys case-sensitively; write 'Unarchive'",
    ),
    "phase in another case": (
        "Manifests:\n  - Lifecycle:\n      Run: x\n",
        6,
        "Run: is ignored: .*write 'run'",
    ),
    "no runtime": ("Manifests:\n  - Artifacts: []\n", 5, "Lite cannot use this manifest; add runtime: '\\*'"),
    "no artifacts": (
        "Manifests:\n  - Platform: {runtime: '*'}\n",
        5,
        "has no Artifacts, .*write 'Artifacts: \\[\\]'",
    ),
    "shutdown": ("Manifests:\n  - Lifecycle:\n      shutdown: x\n", 6, "shutdown: is not supported by Lite"),
    "recover": ("Manifests:\n  - Lifecycle:\n      recover: x\n", 6, "recover: is not supported by Lite"),
    "Skipif": (
        "Manifests:\n  - Lifecycle:\n      install:\n        Script: x\n        Skipif: exists y\n",
        8,
        "Skipif: is not supported by Lite: the step always runs",
    ),
    "run beside startup": (
        "Manifests:\n  - Lifecycle:\n      startup: x\n      run: y\n",
        7,
        "run: is ignored: Lite runs only startup",
    ),
}


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(("text", "line", "words"), WARNED.values(), ids=WARNED)
def test_what_the_nucleus_passes_over_is_warned_of_with_file_and_line(
    text: str, line: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    read(text)

    (warning,) = warnings_of(caplog)
    assert re.match(rf"a\.yaml:{line}: .*{words}", warning), warning


@pytest.mark.parametrize(("text", "line", "words"), WARNED_ON_LITE.values(), ids=WARNED_ON_LITE)
def test_what_lite_passes_over_is_warned_of_with_file_and_line(
    text: str, line: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    read(text, Flavor.LITE)

    warnings = warnings_of(caplog)
    assert any(re.match(rf"a\.yaml:{line}: .*{words}", warning) for warning in warnings), warnings


def test_good_recipe_is_read_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    read("Manifests:\n  - Platform: {os: linux}\n    Lifecycle: {run: x}\n")

    assert warnings_of(caplog) == []


def test_lite_makes_texts_of_every_yaml_scalar_and_reads_them_where_it_needs_more() -> None:
    recipe = read(
        "ComponentConfiguration:\n  DefaultConfiguration: {a: 5, b: 0.5, c: true, d: [1, no], e: null}\n"
        "Manifests:\n  - Platform: {runtime: '*'}\n    Artifacts: []\n"
        "    Lifecycle:\n      Setenv: {COUNT: 3}\n"
        "      install: {Script: x, Timeout: 900, RequiresPrivilege: true}\n",
        Flavor.LITE,
    )

    assert recipe.default_configuration == {"a": "5", "b": "0.5", "c": "true", "d": ["1", "no"], "e": "null"}
    lifecycle = recipe.manifests[0].lifecycle
    assert lifecycle.setenv == {"COUNT": "3"}
    assert (lifecycle.phases["install"].timeout_s, lifecycle.phases["install"].requires_privilege) == (
        900,
        True,
    )


def test_lite_keeps_the_types_of_a_json_recipe() -> None:
    recipe = parse_recipe(
        '{"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0",'
        ' "ComponentConfiguration": {"DefaultConfiguration": {"a": 5, "b": true}}, "Manifests": [{}]}',
        "a.json",
        Flavor.LITE,
    )

    assert recipe.default_configuration == {"a": 5, "b": True}


def test_lite_uses_no_manifest_without_runtime() -> None:
    text = (
        "Manifests:\n  - Platform: {os: linux}\n  - Platform: {os: linux, runtime: '*'}\n    Name: usable\n"
    )

    recipe = read(text, Flavor.LITE)

    assert recipe.manifest_for({"os": "linux", "runtime": "aws_nucleus_lite"}).name == "usable"
