"""Recipe variables such as `{artifacts:path}`, `{configuration:/pointer}` and `{other:configuration:/a}`.

The classic nucleus (KernelConfigResolver) leaves what it cannot replace as it stands and logs an error. Lite
(`recipe-runner/runner.c`) cuts the text off there, and the rest of the script still runs. Values are put in
as raw text: a quote or a `$` in one is shell code in a script, here as on a device. Pure functions that log.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local_core.model.json_pointer import JsonPointerError, look_up
from local_core.model.recipe_model import Lifecycle, Phase
from local_core.settings import Flavor

_log = logging.getLogger(__name__)

# KernelConfigResolver.java: SAME_ and CROSS_COMPONENT_INTERPOLATION_REGEX. A key holds no ':' and no '}'.
_SAME_COMPONENT = re.compile(r"\{([.\w-]+):([^:}]*)}", re.ASCII)
_CROSS_COMPONENT = re.compile(r"\{([.\w-]+):([.\w-]+):([^:}]*)}", re.ASCII)
# runner.c splits at the first ':', so that Lite has no variables of other components.
_LITE_VARIABLE = re.compile(r"\{([^:}]*):([^}]*)}")
_CONFIGURATION = "configuration"
_SYSTEM_NAMESPACES = ("artifacts", "work", "kernel", "iot")
_RESOURCES = "resources"


@dataclass(frozen=True, slots=True)
class ComponentVariables:
    """What the variables of one component version stand for.

    Attributes:
        artifacts: `{artifacts:path}`.
        decompressed: `{artifacts:decompressedPath}`.
        work: `{work:path}`.
        configuration: `{configuration:…}`: the component's effective configuration, a JSON object.
    """

    artifacts: Path
    decompressed: Path
    work: Path
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InterpolationContext:
    """Everything that the variables in one component's recipe may refer to.

    Attributes:
        component: The component's name, for messages.
        own: The component's own variables.
        root: `{kernel:rootPath}`.
        thing_name: `{iot:thingName}`.
        dependencies: Variables of its direct dependencies, by name; no other component may be referred to.
        flavor: Whose rules.
    """

    component: str
    own: ComponentVariables
    root: Path
    thing_name: str
    dependencies: Mapping[str, ComponentVariables] = field(default_factory=dict)
    flavor: Flavor = Flavor.CLASSIC


class _NoValueError(Exception):
    """A variable cannot be replaced; the text says why."""


_Resolver = Callable[[ComponentVariables, str, str], str]


def interpolate(text: str, context: InterpolationContext) -> str:
    """`text`, a string of a lifecycle, with every variable replaced.

    A container in the configuration becomes JSON, with sorted keys and no spaces.
    """

    def resolve(variables: ComponentVariables, namespace: str, key: str) -> str:
        if namespace == _CONFIGURATION:
            return _configuration_value(variables.configuration, key)
        return _system_value(variables, namespace, key, context)

    return _replace(text, context, resolve)


def interpolate_lifecycle(lifecycle: Lifecycle, context: InterpolationContext) -> Lifecycle:
    """The same steps with the variables in every string of them replaced."""
    return Lifecycle(
        setenv=_interpolate_values(lifecycle.setenv, context),
        phases={name: _interpolate_phase(phase, context) for name, phase in lifecycle.phases.items()},
    )


def interpolate_configuration(configuration: dict[str, Any], context: InterpolationContext) -> dict[str, Any]:
    """A component's configuration with the system variables in every text replaced.

    Ask for it only when the classic nucleus's option `interpolateComponentConfiguration` is on.
    """
    return {key: _configured(value, context) for key, value in configuration.items()}


def interpolate_resources(access_control: dict[str, Any], context: InterpolationContext) -> dict[str, Any]:
    """A component's accessControl with the system variables in its resources replaced.

    Lite does so whenever it reads a policy; the stored configuration, and what components read of it, stays
    literal.
    """
    return {key: _with_resources(key, value, context) for key, value in access_control.items()}


def _with_resources(key: str, value: Any, context: InterpolationContext) -> Any:
    if key == _RESOURCES:
        return _configured(value, context)
    return interpolate_resources(value, context) if isinstance(value, dict) else value


def _configured(value: Any, context: InterpolationContext) -> Any:
    def resolve(variables: ComponentVariables, namespace: str, key: str) -> str:
        if namespace == _CONFIGURATION:
            raise _NoValueError("a configuration cannot refer to a configuration; write the value out")
        return _system_value(variables, namespace, key, context)

    if isinstance(value, str):
        return _replace(value, context, resolve)
    if isinstance(value, dict):
        return {key: _configured(child, context) for key, child in value.items()}
    return [_configured(item, context) for item in value] if isinstance(value, list) else value


def _interpolate_phase(phase: Phase, context: InterpolationContext) -> Phase:
    return replace(
        phase,
        script=interpolate(phase.script, context),
        skip_if=None if phase.skip_if is None else interpolate(phase.skip_if, context),
        setenv=_interpolate_values(phase.setenv, context),
    )


def _interpolate_values(setenv: Mapping[str, str], context: InterpolationContext) -> Mapping[str, str]:
    return {name: interpolate(value, context) for name, value in setenv.items()}


def _replace(text: str, context: InterpolationContext, resolve: _Resolver) -> str:
    if context.flavor is Flavor.LITE:
        return _replace_or_cut(text, context, resolve)

    def same_component(match: re.Match[str]) -> str:
        return _value_or_literal(match, context, lambda: resolve(context.own, match[1], match[2]))

    def cross_component(match: re.Match[str]) -> str:
        return _value_or_literal(
            match, context, lambda: resolve(_dependency(match[1], context), match[2], match[3])
        )

    return _CROSS_COMPONENT.sub(cross_component, _SAME_COMPONENT.sub(same_component, text))


def _value_or_literal(
    match: re.Match[str], context: InterpolationContext, value_of: Callable[[], str]
) -> str:
    try:
        return value_of()
    except _NoValueError as error:
        _log.error("%s: %s is left as it stands: %s", context.component, match[0], error)
        return match[0]


def _replace_or_cut(text: str, context: InterpolationContext, resolve: _Resolver) -> str:
    written, position = [], 0
    while (start := text.find("{", position)) >= 0:
        written.append(text[position:start])
        try:
            value, position = _lite_value(text, start, context, resolve)
        except _NoValueError as error:
            _log.warning(
                "%s: Lite cuts a text off before %r: %s. Write $NAME instead of ${NAME}, and keep code with "
                "braces in a file of the artifact",
                context.component,
                text[start:],
                error,
            )
            return "".join(written)
        written.append(value)
    return "".join((*written, text[position:]))


def _lite_value(text: str, start: int, context: InterpolationContext, resolve: _Resolver) -> tuple[str, int]:
    match = _LITE_VARIABLE.match(text, start)
    if match is None:
        raise _NoValueError("it is not of the form {namespace:key}")
    return resolve(context.own, match[1], match[2]), match.end()


def _dependency(name: str, context: InterpolationContext) -> ComponentVariables:
    if name not in context.dependencies:
        raise _NoValueError(f"{name} is not a direct dependency; add it to ComponentDependencies")
    return context.dependencies[name]


def _system_value(
    variables: ComponentVariables, namespace: str, key: str, context: InterpolationContext
) -> str:
    paths = {
        ("artifacts", "path"): variables.artifacts,
        ("artifacts", "decompressedPath"): variables.decompressed,
        ("work", "path"): variables.work,
    }
    if (namespace, key) in paths:
        # Lite writes a '/' after these three, and none after the root.
        return f"{paths[namespace, key]}{'/' if context.flavor is Flavor.LITE else ''}"
    if (namespace, key) == ("kernel", "rootPath"):
        return str(context.root)
    if (namespace, key) == ("iot", "thingName"):
        return context.thing_name
    if namespace in _SYSTEM_NAMESPACES:
        raise _NoValueError(f"the namespace {namespace!r} has no {key!r}")
    raise _NoValueError(
        f"unrecognized namespace {namespace!r}; known: {_CONFIGURATION}, {', '.join(_SYSTEM_NAMESPACES)}"
    )


def _configuration_value(configuration: dict[str, Any], pointer: str) -> str:
    try:
        value = look_up(configuration, pointer)
    except JsonPointerError as error:
        raise _NoValueError(f"{error} in the configuration") from None
    return (
        value
        if isinstance(value, str)
        else json.dumps(_sorted(value), separators=(",", ":"), ensure_ascii=False)
    )


def _sorted(value: Any) -> Any:
    # Topics.toPOJO keeps keys in an order that ignores case.
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: (key.lower(), key))}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
