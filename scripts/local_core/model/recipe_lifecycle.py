"""The rules of a recipe's `Lifecycle`: phases, environment, and what selections leave of the global one.

Sources: RecipeLoader.convertLifecycleFromFile, PlatformResolver.filterPlatform and GenericExternalService of
the classic nucleus; `ggl-recipe/recipe.c` and `recipe-runner/runner.c` of Lite.
"""

import re
from collections.abc import Mapping, Sequence

from local_core.model.recipe_document import Value
from local_core.model.recipe_model import DEFAULT_TIMEOUT_S, PHASES, Lifecycle, Phase, SkipCondition
from local_core.model.recipe_section import Findings, Section, entries_of, kind_of
from local_core.settings import Flavor

_SETENV = "Setenv"
_PHASE_KEYS = ("Script", "Skipif", "Timeout", "RequiresPrivilege", _SETENV)
_ALL = "all"
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")
_MAX_TIMEOUT_S = (1 << 31) - 1  # Coerce.toInt
_LITE_SELECTIONS = (_ALL, "linux")
_LITE_IGNORED_PHASES = ("shutdown", "recover")
_LITE_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def choose_lifecycle(
    manifest: Section,
    selections: Sequence[str],
    global_lifecycle: Value | None,
    all_selections: frozenset[str],
) -> Lifecycle:
    """The lifecycle that `manifest` gets.

    Its own one when that has any key: the global one is then ignored entirely, its Setenv too.

    Args:
        manifest: The section that holds the manifest.
        selections: The manifest's `Selections`, in order of preference.
        global_lifecycle: The recipe's `Lifecycle`; None when absent.
        all_selections: Those of all manifests; keys of the global lifecycle that are among them select.
    """
    findings, flavor = manifest.findings, manifest.flavor
    own = manifest.get("Lifecycle")
    if own is not None and (entries := entries_of(own, findings)):
        if global_lifecycle is not None and global_lifecycle.content:
            findings.warn(
                own.place,
                f"the global Lifecycle (line {global_lifecycle.place.line}) is ignored entirely for this "
                f"manifest, its Setenv too: here count only {', '.join(entries)}; repeat here what is needed",
            )
        return _lifecycle(own, findings, flavor)
    if global_lifecycle is None or not entries_of(global_lifecycle, findings):
        return Lifecycle()
    if flavor is Flavor.LITE:
        chosen = _lite_selection(global_lifecycle, selections)
    else:
        chosen = _filtered(global_lifecycle, all_selections | {_ALL}, (*selections, _ALL), findings)
    if chosen is None:
        findings.warn(
            global_lifecycle.place,
            f"nothing of it is left for {manifest.place.path}, whose Selections are "
            f"{', '.join(selections) or 'none'}; the component does nothing there",
        )
        return Lifecycle()
    return _lifecycle(chosen, findings, flavor)


def _filtered(
    value: Value, keywords: frozenset[str], selections: Sequence[str], findings: Findings
) -> Value | None:
    entries = value.entries
    if entries is None:
        return value
    if keywords.isdisjoint(entries):
        kept = {key: _filtered(entry, keywords, selections, findings) for key, entry in entries.items()}
        return Value({key: entry for key, entry in kept.items() if entry}, value.place, value.repeated)
    if others := [key for key in entries if key not in keywords]:
        findings.warn(
            value.place,
            f"mixes selections with other keys: {', '.join(others)} are ignored; put them below a selection",
        )
    for selection in selections:
        if (selected := entries.get(selection)) is not None and selected.content is not None:
            return _filtered(selected, keywords, selections, findings)
    return None


def _lite_selection(global_lifecycle: Value, selections: Sequence[str]) -> Value | None:
    # recipe.c lifecycle_selection: only the first level, only these two names, and the last one named wins.
    entries = global_lifecycle.entries or {}
    named = [name for name in selections or (_ALL,) if name in _LITE_SELECTIONS and name in entries]
    return entries[named[-1]] if named else None


def _lifecycle(value: Value, findings: Findings, flavor: Flavor) -> Lifecycle:
    section = Section(value, (*PHASES, _SETENV), findings, flavor)
    run, startup = section.get("run"), section.get("startup")
    if run is not None and startup is not None:
        if flavor is Flavor.LITE:
            findings.warn(run.place, "is ignored: Lite runs only startup when both are there; keep one")
        else:
            findings.fault(run.place, f"stands beside startup (line {startup.place.line}); keep one of them")
    phases = {name: _phase(name, step, section) for name in PHASES if (step := section.get(name)) is not None}
    return Lifecycle(setenv=_environment(section), phases=phases)


def _phase(name: str, value: Value, lifecycle: Section) -> Phase:
    findings, flavor = lifecycle.findings, lifecycle.flavor
    if flavor is Flavor.LITE and name in _LITE_IGNORED_PHASES:
        findings.warn(value.place, "is not supported by Lite and never runs")
    default_timeout_s = DEFAULT_TIMEOUT_S[name]
    if isinstance(value.content, str):
        return Phase(name, value.content, default_timeout_s)
    if value.entries is None:
        findings.fault(value.place, f"must be a script, or a mapping with a Script, not {kind_of(value)}")
        return Phase(name, "", default_timeout_s)
    section = Section(value, _PHASE_KEYS, findings, flavor)
    script = section.required_text("Script")
    return Phase(
        name=name,
        script=script.value if script else "",
        timeout_s=_timeout_s(section, default_timeout_s),
        skip_if=_skip_condition(section),
        requires_privilege=_requires_privilege(section),
        setenv=_environment(section),
    )


def _timeout_s(section: Section, default_timeout_s: float | None) -> float | None:
    entry = section.get("Timeout")
    if entry is None:
        return default_timeout_s
    seconds = entry.content
    if isinstance(seconds, str) and _WHOLE_NUMBER.fullmatch(seconds):
        seconds = int(seconds)
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _MAX_TIMEOUT_S:
        return seconds
    section.findings.fault(
        entry.place, f"is {kind_of(entry)}; write whole seconds from 1 to {_MAX_TIMEOUT_S}, e.g. 120"
    )
    return default_timeout_s


def _skip_condition(section: Section) -> str | None:
    condition = section.text("Skipif")
    if condition is None:
        return None
    if section.flavor is Flavor.LITE:
        section.findings.warn(condition.place, "is not supported by Lite: the step always runs")
        return None
    try:
        SkipCondition.parse(condition.value)
    except ValueError as error:
        section.findings.fault(condition.place, f"{error}; write one of the two")
    return condition.value


def _requires_privilege(section: Section) -> bool:
    entry = section.get("RequiresPrivilege")
    if entry is not None and isinstance(entry.content, bool):
        return entry.content
    return section.choice("RequiresPrivilege", ("true", "false"), "false") == "true"


def _environment(section: Section) -> Mapping[str, str]:
    value = section.get(_SETENV)
    environment: dict[str, str] = {}
    for name, entry in (entries_of(value, section.findings) if value else {}).items():
        if section.flavor is Flavor.LITE:
            _check_lite_variable(name, entry, section.findings)
        if entry.entries is not None or entry.items is not None:
            section.findings.fault(entry.place, f"must be a text, not {kind_of(entry)}; write JSON in quotes")
        elif entry.content is not None:
            environment[name] = _as_text(entry.content)
    return environment


def _check_lite_variable(name: str, entry: Value, findings: Findings) -> None:
    if not _LITE_ENVIRONMENT_NAME.fullmatch(name):
        findings.fault(entry.place, "Lite refuses this name; use letters, digits and '_', no digit first")
    if isinstance(entry.content, int | float):
        findings.fault(entry.place, f"is {kind_of(entry)}; Lite takes only texts here: put it in quotes")


def _as_text(scalar: object) -> str:
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
