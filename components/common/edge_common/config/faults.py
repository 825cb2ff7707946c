"""Pydantic's errors in the words of a person: where, what, what is allowed, what to do.

Never shows the value of a secret setting, of a key it does not know (that may be a misspelt secret), or of a
whole object or list (one may lie inside). Pure.
"""

import difflib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_common.config.model import ComponentConfig
from edge_common.config.schema import SchemaNode

ROOT = "/settings"  # where a recipe keeps them; a deployment's RESET takes the same pointers
_SHOWN_CHARACTERS = 80  # of a wrong value or key


def faults_of(error: ValidationError, model: type[ComponentConfig]) -> Iterator[str]:
    """One line for each thing that is wrong, in the order of the model."""
    schema = model.model_json_schema()
    for details in error.errors(include_url=False):
        yield _fault(details, SchemaNode(schema, schema))


def _fault(details: ErrorDetails, root: SchemaNode) -> str:
    path, node, hidden = ROOT, root, False
    for key in details["loc"]:
        child = node.child(key)
        if child is not None:  # anything else is the name of a validator or of a member of a union
            path, node, hidden = f"{path}/{key}", child, hidden or child.secret
    if details["type"] == "extra_forbidden":
        return _unknown(f"{path}/{str(details['loc'][-1])[:_SHOWN_CHARACTERS]}", node)
    if details["type"] == "missing":
        return f"{path}: missing. Allowed: {node.allowed}. Add it."
    given = "the value (not shown)" if hidden else _shown(details["input"])
    reason = details.get("ctx", {}).get("error")
    why = f": {reason}" if reason and not hidden else ""
    # "text" after a reason why this text is not would contradict it.
    allowed = "" if why and node.allowed == "text" else f" Allowed: {node.allowed}."
    instead = f", or leave it out for {node.default}" if node.default else ""
    return f"{path}: {given} is not allowed{why}.{allowed} Correct it{instead}."


def _unknown(path: str, section: SchemaNode) -> str:
    key = path.rpartition("/")[2]
    near = difflib.get_close_matches(key, section.properties, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(section.properties) or 'none'}."
    return f"{path}: unknown setting. {hint} Correct the name or remove it."


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of length {len(value)}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}… ({len(text)} characters)"
