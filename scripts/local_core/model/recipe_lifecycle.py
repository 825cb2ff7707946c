"""The rules of a recipe's `Lifecycle`: phases, environment, and what selections leave of the global one.

Sources: RecipeLoader.convertLifecycleFromFile, PlatformResolver.filterPlatform and GenericExternalService of the
classic nucleus; `ggl-recipe/recipe.c` and `recipe-runner/runner.c` of Lite.
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
_LITE_SELECTIONS = (_ALL, "linux")
_LITE_IGNORED_PHASES = ("shutdown", "recover")
_LITE_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def choose_lifecycle(
    own: Value | None,
    global_lifecycle: Value | None,
    selections: Sequence[str],
    all_selections: frozenset[str],
    section: Section,
) -> Lifecycle:
    """The lifecycle of the manifest that `section` reads.

    Its own one when it has any key: the global one is then ignored entirely, not merged, not even its Setenv.

    Args:
        own: The manifest's `Lifecycle`; None when absent.
        global_lifecycle: The recipe's `Lifecycle`; None when absent.
        selections: The manifest's `Selections`, in order of preference.
        all_selections: Those of all manifests; keys of the global lifecycle that are among them select.
        section: Where findings and flavor come from.
    """
    findings, flavor = section.findings, section.flavor
    if own is not None and (entries := entries_of(own, findings)):
        if global_lifecycle is not None and global_lifecycle.content:
            findings.warn(
                own.line,
                own.path,
                f"the recipe's global Lifecycle (line {global_lifecycle.line}) is ignored entirely for this "
                f"manifest, its Setenv too; repeat here what is needed: this one has {', '.join(entries)}",
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
            global_lifecycle.line,
            global_lifecycle.path,
            f"nothing of it is left for {section.path} with Selections {list(selections)}; the component does nothing",
        )
        return Lifecycle()
    return _lifecycle(chosen, findings, flavor)


def _filtered(
    value: Value, keywords: frozenset[str], selections: Sequence[str], findings: Findings
) -> Value | None:
    entries = value.entries
    if entries is None:
        return value if value.content is not None else None
    if keywords.isdisjoint(entries):
        kept = {key: _filtered(entry, keywords, selections, findings) for key, entry in entries.items()}
        return Value(
            {key: entry for key, entry in kept.items() if entry}, value.line, value.path, value.repeated
        )
    if others := [key for key in entries if key not in keywords]:
        findings.warn(
            value.line,
            value.path,
            f"mixes selections with other keys; {', '.join(others)} are ignored: put them below a selection",
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
    phases = {
        name: _phase(name, entry, section) for name in PHASES if (entry := section.get(name)) is not None
    }
    run, startup = section.get("run"), section.get("startup")
    if run is not None and startup is not None:
        if flavor is Flavor.LITE:
            findings.warn(
                run.line, run.path, "is ignored: Lite runs only startup when both are there; keep one"
            )
        else:
            findings.fault(
                run.line, run.path, f"stands beside startup (line {startup.line}); keep only one of them"
            )
    return Lifecycle(setenv=_environment(section), phases=phases)


def _phase(name: str, value: Value, lifecycle: Section) -> Phase:
    findings, flavor = lifecycle.findings, lifecycle.flavor
    if flavor is Flavor.LITE and name in _LITE_IGNORED_PHASES:
        findings.warn(value.line, value.path, "is not supported by Lite and never runs")
    default_timeout_s = DEFAULT_TIMEOUT_S[name]
    if isinstance(value.content, str):
        return Phase(name, value.content, default_timeout_s)
    if value.entries is None:
        findings.fault(
            value.line, value.path, f"must be a script or a mapping with a Script, not {kind_of(value)}"
        )
        return Phase(name, "", default_timeout_s)
    section = Section(value, _PHASE_KEYS, findings, flavor)
    return Phase(
        name=name,
        script=section.required_text("Script") or "",
        timeout_s=_timeout_s(section, default_timeout_s),
        skip_if=_skip_condition(section),
        requires_privilege=_privilege(section),
        setenv=_environment(section),
    )


def _timeout_s(section: Section, default_timeout_s: float | None) -> float | None:
    entry = section.get("Timeout")
    if entry is None:
        return default_timeout_s
    seconds = entry.content
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds)
    if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0:
        return seconds
    section.findings.fault(
        entry.line, entry.path, f"is {entry.plain()!r}; write whole seconds above 0, e.g. 120"
    )
    return default_timeout_s


def _skip_condition(section: Section) -> str | None:
    condition, entry = section.text("Skipif"), section.get("Skipif")
    if condition is None or entry is None:
        return None
    if section.flavor is Flavor.LITE:
        section.findings.warn(entry.line, entry.path, "is not supported by Lite: the step always runs")
        return None
    try:
        SkipCondition.parse(condition)
    except ValueError as error:
        section.findings.fault(entry.line, entry.path, f"{error}; write one of them")
    return condition


def _privilege(section: Section) -> bool:
    entry = section.get("RequiresPrivilege")
    if entry is None:
        return False
    if isinstance(entry.content, bool):
        return entry.content
    return section.choice("RequiresPrivilege", ("true", "false"), "false") == "true"


def _environment(section: Section) -> Mapping[str, str]:
    value = section.get(_SETENV)
    if value is None:
        return {}
    environment = {}
    for name, entry in entries_of(value, section.findings).items():
        if entry.content is None:
            continue
        if entry.entries is not None or entry.items is not None:
            section.findings.fault(
                entry.line, entry.path, f"must be a text, not {kind_of(entry)}; write JSON in quotes"
            )
            continue
        if section.flavor is Flavor.LITE:
            _check_lite_variable(name, entry, section.findings)
        environment[name] = entry.content if isinstance(entry.content, str) else _as_text(entry.content)
    return environment


def _check_lite_variable(name: str, entry: Value, findings: Findings) -> None:
    if not _LITE_ENVIRONMENT_NAME.fullmatch(name):
        findings.fault(
            entry.line, entry.path, "is not a shell variable's name, and Lite refuses it; use A-Z, 0-9 and _"
        )
    if not isinstance(entry.content, str):
        findings.fault(
            entry.line, entry.path, f"is {kind_of(entry)}; Lite takes only texts here: put it in quotes"
        )


def _as_text(scalar: object) -> str:
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
