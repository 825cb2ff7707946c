"""Configuration: from what the nucleus hands over to one frozen model, or to all that is wrong with it.

Owns reading and checking; the only package that imports pydantic. It opens nothing: a component whose
configuration is wrong ends before its first connection. Pure but for its arguments; no threads.

A recipe hands the settings over as `Setenv: GG_COMPONENT_CONFIG: "{configuration:/settings}"`, a JSON object:
so they are there before anything is opened, and a changed configuration restarts the component on every
nucleus.

Modules:
    model     what components write their settings with: `ComponentConfig`, `setting`, and the checks
    delivered what a nucleus makes of a setting on its way: numbers as text, variables left as they were
    loading   environment -> model, all faults at once
    faults    pydantic's errors in the words of a person
    schema    what a setting may be: shared by faults and table
    table     the settings as rows, for a component's README
"""

from edge_common.config.loading import CONFIG_VARIABLE, THING_VARIABLE, load_config, load_thing_name
from edge_common.config.model import REQUIRED, ComponentConfig, checked, checked_beside, requires, setting
from edge_common.config.table import SettingRow, settings_table

__all__ = [
    "CONFIG_VARIABLE",
    "REQUIRED",
    "THING_VARIABLE",
    "ComponentConfig",
    "SettingRow",
    "checked",
    "checked_beside",
    "load_config",
    "load_thing_name",
    "requires",
    "setting",
    "settings_table",
]
