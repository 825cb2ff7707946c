"""The wire of a REST-JSON service as botocore's own model has it: requests read, answers written, checked.

What the model does not allow is refused in either direction, so that the stand-in can be wrong about what a
service does, but not about what it takes and gives. The protocol is Smithy's restJson1. No I/O, no threads.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.session

# What any AWS service may answer, whatever its model says ("Common Errors" of the API references).
_COMMON_ERRORS = {"AccessDeniedException": 403, "ThrottlingException": 400, "ExpiredTokenException": 403}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "blob": (bytes,),
    "timestamp": (datetime,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


class ModelError(Exception):
    """Something that the service's model does not allow; the text names the member."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read.

    Attributes:
        operation: As the API has it, e.g. `CreateDeployment`.
        arguments: Member -> value.
    """

    operation: str
    arguments: dict[str, Any]


class Api:
    """One service.

    Args:
        service: In boto3's words; its protocol must be REST-JSON.
    """

    def __init__(self, service: str) -> None:
        self._model = botocore.session.get_session().get_service_model(service)
        self._routes = [
            (operation.http["method"], _pattern(operation.http["requestUri"]), operation)
            for operation in map(self._model.operation_model, self._model.operation_names)
        ]

    def operation_at(self, method: str, path: str) -> str:
        """Which operation a request means.

        Raises:
            ModelError: None of this service's.
        """
        return str(self._route(method, path)[0].name)

    def read(self, method: str, path: str, query: str, body: bytes) -> Call:
        """A request.

        Args:
            method: Of HTTP.
            path: As it came, escaped.
            query: What stands behind `?`.
            body: JSON or empty.

        Raises:
            ModelError: The model does not allow it.
        """
        operation, labels = self._route(method, path)
        shape = operation.input_shape
        members = {} if shape is None else shape.members
        by_place: dict[str, dict[str, str]] = {"uri": {}, "querystring": {}, "": {}}
        for name, member in members.items():
            place = member.serialization.get("location", "")
            by_place[place][member.serialization.get("name", name)] = name
        arguments: dict[str, Any] = {by_place["uri"][label]: value for label, value in labels.items()}
        for key, values in parse_qs(query, keep_blank_values=True).items():
            if key not in by_place["querystring"] or len(values) != 1:
                raise ModelError(f"{operation.name}: ?{key} is no parameter")
            name = by_place["querystring"][key]
            arguments[name] = _from_text(members[name], values[0])
        document = _json_object(body)
        if document and method == "GET":
            raise ModelError(f"{operation.name} takes no body")
        for key, value in document.items():
            if key not in by_place[""]:
                raise ModelError(f"{operation.name}: unknown member {key}")
            arguments[by_place[""][key]] = _decoded(members[by_place[""][key]], value)
        if shape is not None:
            check(shape, arguments, operation.name)
        return Call(operation.name, arguments)

    def answer(self, operation: str, document: Mapping[str, Any]) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            ModelError: The model does not allow it: the stand-in is wrong.
        """
        model = self._model.operation_model(operation)
        check(model.output_shape, dict(document), f"answer of {operation}")
        body = json.dumps(_encoded(model.output_shape, document)).encode()
        return int(model.http.get("responseCode", 200)), body

    def refusal(self, operation: str, code: str, members: Mapping[str, Any]) -> tuple[int, bytes]:
        """Status and body of an error.

        Raises:
            ModelError: The operation has no such error, or the error no such members.
        """
        model = self._model.operation_model(operation)
        shape = next((one for one in model.error_shapes if one.name == code), None)
        if shape is None:
            if code not in _COMMON_ERRORS:
                raise ModelError(f"{operation} never answers {code}")
            return _COMMON_ERRORS[code], json.dumps(dict(members)).encode()
        check(shape, dict(members), f"{code} of {operation}")
        return int(shape.metadata["error"]["httpStatusCode"]), json.dumps(dict(members)).encode()

    def _route(self, method: str, path: str) -> tuple[Any, dict[str, str]]:
        for wanted, pattern, operation in self._routes:
            if method == wanted and (matched := pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in matched.groupdict().items()}
        raise ModelError(f"there is no operation at {method} {path}")


def check(shape: Any, value: Any, where: str) -> None:
    """Hold a value against a shape: type, required and unknown members, lengths, ranges, patterns, enums.

    Raises:
        ModelError: It does not fit.
    """
    kind = shape.type_name
    expected: Any = _TYPES[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
        raise ModelError(f"{where}: {type(value).__name__} instead of {kind}")
    _check_limits(shape, value, where)
    if kind == "structure":
        if absent := set(shape.required_members) - set(value):
            raise ModelError(f"{where}: {sorted(absent)} missing")
        for name, item in value.items():
            if name not in shape.members:
                raise ModelError(f"{where}: unknown member {name}")
            check(shape.members[name], item, f"{where}.{name}")
    elif kind == "list":
        for number, item in enumerate(value):
            check(shape.member, item, f"{where}[{number}]")
    elif kind == "map":
        for key, item in value.items():
            check(shape.key, key, f"key {key} of {where}")
            check(shape.value, item, f"{where}.{key}")


def _check_limits(shape: Any, value: Any, where: str) -> None:
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        raise ModelError(f"{where}: {size} is not in {limits.get('min')}..{limits.get('max')}")
    if "pattern" in limits and not re.search(_anchored(limits["pattern"]), value):
        raise ModelError(f"{where}: {value!r} is not {limits['pattern']}")
    # An answer may hold values that the model does not know yet, a request may not; both are ours here.
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        raise ModelError(f"{where}: {value!r} is none of {shape.enum}")


def _anchored(pattern: str) -> str:
    return rf"\A(?:{pattern})\Z"


def _pattern(template: str) -> re.Pattern[str]:
    path = template.partition("?")[0]
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise ModelError(f"the body is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise ModelError("the body is no object")
    return document


def _from_text(shape: Any, text: str) -> Any:
    if shape.type_name == "boolean" and text in {"true", "false"}:
        return text == "true"
    return int(text) if shape.type_name in {"integer", "long"} and text.isdigit() else text


def _decoded(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if kind == "structure" and isinstance(value, dict):
        return {
            key: _decoded(shape.members[key], item) if key in shape.members else item
            for key, item in value.items()
        }
    if kind == "map" and isinstance(value, dict):
        return {key: _decoded(shape.value, item) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_decoded(shape.member, item) for item in value]
    return value


def _encoded(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return value.timestamp()
    if kind == "structure":
        return {key: _encoded(shape.members[key], item) for key, item in value.items()}
    if kind == "map":
        return {key: _encoded(shape.value, item) for key, item in value.items()}
    if kind == "list":
        return [_encoded(shape.member, item) for item in value]
    return value
