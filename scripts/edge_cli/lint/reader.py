"""What the local core's recipe reader finds, for both nuclei: the gateway to it.

A schema's faults and the nuclei's own: a device would refuse the recipe, or pass over a part of it in
silence. The reader tells them in sentences; a code is given here by where in the recipe they stand. What it
merely warns of is an error here too, but for what only Lite lacks: a core may run such a recipe, but nobody
means it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_cli.lint.finding import Finding, Severity, Spot
from edge_cli.lint.recipe_file import SourceText
from local_core.model.recipe import MAX_RECIPE_BYTES
from local_core.model.recipe_document import DocumentError, Place, read_document
from local_core.model.recipe_rules import read_recipe
from local_core.model.recipe_section import Findings
from local_core.settings import Flavor


@dataclass(frozen=True, slots=True)
class ReaderRule:
    """Faults of the reader that share a code, because they stand at the same kind of place.

    Attributes:
        code: A fixed word.
        severity: Of all of them.
        summary: What they are about.
        places: Matches the paths where they stand.
        ignored: Only what a nucleus passes over, not what it refuses.
    """

    code: str
    severity: Severity
    summary: str
    places: re.Pattern[str]
    ignored: bool = False


def _rule(code: str, places: str, summary: str) -> ReaderRule:
    return ReaderRule(code, Severity.ERROR, summary, re.compile(places))


UNREADABLE = _rule("unreadable", r"(?!)", "a file that is not YAML, JSON or Python, or uses aliases")
TOO_LARGE = _rule("recipe-size", r"(?!)", "a recipe of more than 8 kB (Lite) or 16 kB (classic)")
_OTHERS = _rule("recipe-value", r"", "a key or value that a nucleus refuses or ignores")
_STEPS = "bootstrap|install|startup|run|shutdown|recover|uninstall"
# The first that matches gives the code.
READER_RULES = (
    UNREADABLE,
    TOO_LARGE,
    _rule("component-name", r"^ComponentName$", "a name that a nucleus refuses"),
    _rule("component-version", r"^ComponentVersion$", "a version that a nucleus refuses"),
    _rule(
        "version-range",
        r"^ComponentDependencies\..*\.VersionRequirement$",
        "no version range, or one that Lite cannot read: ^ ~ x",
    ),
    _rule("dependency", r"^ComponentDependencies\b", "a dependency that a nucleus refuses"),
    _rule("artifact-uri", r"\.Uri$", "an artifact URI that cannot be downloaded: file:, variables"),
    _rule("platform", r"\.Platform(\.|$)", "a Platform that never matches, such as arm64"),
    _rule("manifest-on-lite", r"^Manifests\[\d+\]$", "a manifest without runtime: '*' or Artifacts"),
    _rule(
        "global-lifecycle",
        r"(^|\.)Lifecycle$",
        "a global Lifecycle or Setenv that a manifest's own one drops",
    ),
    ReaderRule(
        "not-on-lite",
        Severity.WARNING,
        "shutdown, recover and Skipif, which Lite ignores",
        re.compile(r"Lifecycle\.(.*\.)?(shutdown|recover|Skipif)$"),
        ignored=True,
    ),
    _rule(
        "step",
        rf"Lifecycle\.(.*\.)?({_STEPS})(\.Script)?$",
        "a step that is no script: a list, Startup beside Run, no Script",
    ),
    _rule(
        "lifecycle-key", r"Lifecycle\.", "a misspelt key of a Lifecycle, or one in the wrong case for Lite"
    ),
    _OTHERS,
)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What the reader says about one place; `refused` when a nucleus does not take the recipe for it."""

    place: Place
    message: str
    refused: bool

    @property
    def rule(self) -> ReaderRule:
        """Whose code it gets."""
        possible = (rule for rule in READER_RULES if not (rule.ignored and self.refused))
        return next(rule for rule in possible if rule.places.search(self.place.path))


class _Collected(Findings):
    """Keeps what the reader finds instead of raising and logging it."""

    def __init__(self) -> None:
        super().__init__("")
        self.found: list[_Fault] = []

    def fault(self, place: Place, message: str) -> None:
        """Keep what refuses the recipe."""
        self.found.append(_Fault(place, message, refused=True))

    def warn(self, place: Place, message: str) -> None:
        """Keep what the nucleus would pass over."""
        self.found.append(_Fault(place, message, refused=False))


def findings(source: SourceText) -> Iterator[Finding]:
    """What the nuclei would refuse or ignore in the recipe `source`; each thing once."""
    yield from _size(source)
    told: set[tuple[str, str]] = set()
    for fault in _faults(source):
        path, rule = fault.place.path, fault.rule
        if (path, rule.code) not in told:
            told.add((path, rule.code))
            said = f"{path}: {fault.message}" if path else fault.message
            yield Finding(source.spot(fault.place), rule.code, rule.severity, said)


def unreadable(source: SourceText, error: DocumentError) -> Finding:
    """The finding of a file that has no values at all."""
    line = min(error.line, source.content.count("\n") or 1)  # what never ends is told behind the end
    return Finding(Spot(source.path, line), UNREADABLE.code, UNREADABLE.severity, str(error))


def unreadable_code(error: SyntaxError) -> Finding:
    """The finding of a component's file that is not Python."""
    spot = Spot(Path(str(error.filename)), error.lineno or 1, max(error.offset or 1, 1))
    return Finding(spot, UNREADABLE.code, UNREADABLE.severity, f"not Python: {error.msg}. Correct it.")


def _faults(source: SourceText) -> Iterator[_Fault]:
    for flavor in Flavor:
        try:
            document = read_document(source.content, flavor, is_json=source.path.suffix.lower() == ".json")
        except DocumentError:
            continue  # told where the file was read
        collected = _Collected()
        read_recipe(document, str(source.path), collected, flavor)
        yield from collected.found


def _size(source: SourceText) -> Iterator[Finding]:
    size = len(source.content.encode())
    nuclei = {Flavor.CLASSIC: "the cloud service refuses", Flavor.LITE: "Lite fails to open"}
    for flavor, limit in MAX_RECIPE_BYTES.items():
        if size > limit:
            yield Finding(
                Spot(source.path, 1),
                TOO_LARGE.code,
                TOO_LARGE.severity,
                f"the recipe has {size} bytes: {nuclei[flavor]} more than {limit}. Shorten it; comments "
                "count.",
            )
