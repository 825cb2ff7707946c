"""What a component's configuration comes to on a classic nucleus. Pure.

In its order (KernelConfigResolver.resolveConfigurationToApply): what it has, less what is reset; then the
recipe's defaults, where nothing stands; then what is merged.
"""

import json
from collections.abc import Mapping
from typing import Any

from edge_cli.configuration_option import Change
from edge_cli.fleet.configuration import deeply_merged, merged_values, updated


def resolved(
    present: Mapping[str, Any] | None, defaults: Mapping[str, Any], change: Change
) -> dict[str, Any]:
    """The configuration after a deployment.

    Args:
        present: What the board has; None where the component is new to it.
        defaults: DefaultConfiguration of the recipe.
        change: What the deployment resets and merges.

    >>> resolved({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, Change({"d": "5"}, ("/b",)))
    {'b': '3', 'c': '4', 'a': '1', 'd': '5'}
    """
    held = {"merge": json.dumps(dict(present or {}))}  # as a `configurationUpdate` of the API has it
    kept = merged_values(updated(held, Change(reset=change.reset)))
    return deeply_merged(deeply_merged(dict(defaults), kept), change.merge)
