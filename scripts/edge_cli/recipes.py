"""What the command reads out of a recipe, and what a build changes in it. The only user of PyYAML here.

The rules of recipes are the core's business; here a recipe is a document of which a few members matter.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge_cli.errors import CommandError

# The interpreter that recipes name: what a device has. The laptop may have a later one.
_PYTHON_SETTING = re.compile(r"^(\s*PYTHON:\s*[\"']?)python3(?:\.\d+)?([\"']?\s*(?:#.*)?)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What the command needs to know of a recipe.

    Attributes:
        name: ComponentName.
        version: ComponentVersion.
        settings: DefaultConfiguration.settings; {} where there is none.
    """

    name: str
    version: str
    settings: dict[str, Any]


def read_facts(path: Path) -> RecipeFacts:
    """Read one recipe.

    Raises:
        CommandError: It cannot be read, is not YAML, or lacks its name or version.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"The recipe {path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise CommandError(f"The recipe {path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise CommandError(f"The recipe {path} holds no mapping: a recipe begins with RecipeFormatVersion.")
    for key in ("ComponentName", "ComponentVersion"):
        if not isinstance(document.get(key), str):
            raise CommandError(f"The recipe {path} lacks {key} (a string). See recipes/ for complete ones.")
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    settings = defaults.get("settings") or {}
    if not isinstance(settings, dict):
        raise CommandError(f"The recipe {path}: DefaultConfiguration.settings must be a mapping.")
    return RecipeFacts(document["ComponentName"], document["ComponentVersion"], settings)


def for_this_machine(text: str, *, minor: int = sys.version_info.minor) -> str:
    r"""A recipe's text with the interpreter that this machine has.

    Args:
        text: The recipe; everything else in it, comments too, stays as it is.
        minor: N of the `python3.N` to name.

    >>> for_this_machine("        PYTHON: python3.11  # as on a device\n", minor=13)
    '        PYTHON: python3.13  # as on a device\n'
    """
    return _PYTHON_SETTING.sub(rf"\g<1>python3.{minor}\g<2>", text)
