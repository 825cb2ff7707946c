"""The wire of a Query service as botocore's own model has it: requests read, answers written, checked.

The counterpart of `model` for the protocol that CloudFormation speaks: form fields in, XML
out. What the model does not allow is refused in either direction. No I/O, no threads.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element, SubElement, tostring

import botocore.session

from support.aws.model import Call, ModelError, check

# What any Query service may answer ("Common Errors" of the API reference).
_COMMON_ERRORS = {"AccessDenied": 403, "Throttling": 400, "ValidationError": 400, "ExpiredToken": 403}
_TRUTHS = {"true": True, "false": False}


class QueryApi:
    """One service.

    Args:
        service: In boto3's words; its protocol must be Query.
    """

    def __init__(self, service: str) -> None:
        self._model = botocore.session.get_session().get_service_model(service)

    def read(self, body: bytes) -> Call:
        """A request.

        Raises:
            ModelError: The model does not allow it.
        """
        fields = {key: values[0] for key, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        name = fields.pop("Action", "")
        if fields.pop("Version", "") != self._model.api_version or name not in self._model.operation_names:
            raise ModelError(f"there is no operation {name} of this version")
        shape = self._model.operation_model(name).input_shape
        arguments = _read(shape, "", fields)
        if fields:
            raise ModelError(f"{name}: {sorted(fields)} are no parameters")
        check(shape, arguments, name)
        return Call(name, arguments)

    def answer(self, operation: str, document: Mapping[str, Any]) -> bytes:
        """Body of an answer.

        Raises:
            ModelError: The model does not allow it: the stand-in is wrong.
        """
        shape = self._model.operation_model(operation).output_shape
        root = Element(f"{operation}Response", xmlns=self._model.metadata["xmlNamespace"])
        if shape is not None:
            check(shape, dict(document), f"answer of {operation}")
            _write(shape, document, SubElement(root, shape.serialization["resultWrapper"]))
        elif document:
            raise ModelError(f"{operation} answers nothing")
        SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = "stand-in"
        return bytes(tostring(root))

    def refusal(self, operation: str, code: str, message: str) -> tuple[int, bytes]:
        """Status and body of an error.

        Raises:
            ModelError: The operation has no such error.
        """
        shapes = self._model.operation_model(operation).error_shapes if operation else []
        known = {one.metadata["error"]["code"]: one.metadata["error"]["httpStatusCode"] for one in shapes}
        if code not in known | _COMMON_ERRORS:
            raise ModelError(f"{operation} never answers {code}")
        root = Element("ErrorResponse", xmlns=self._model.metadata["xmlNamespace"])
        error = SubElement(root, "Error")
        for tag, text in (("Type", "Sender"), ("Code", code), ("Message", message)):
            SubElement(error, tag).text = text
        return int((known | _COMMON_ERRORS)[code]), bytes(tostring(root))


def _read(shape: Any, prefix: str, fields: dict[str, str]) -> Any:
    """The value of a shape; what was read is taken out of `fields`."""
    if shape.type_name == "structure":
        result = {}
        for name, member in shape.members.items():
            below = f"{prefix}{member.serialization.get('name', name)}"
            if below in fields or any(key.startswith(f"{below}.") for key in fields):
                result[name] = _read(member, below if below in fields else f"{below}.", fields)
        return result
    if shape.type_name == "list":
        if prefix in fields and not fields.pop(prefix):
            return []  # how the protocol says an empty list
        result_list: list[Any] = []
        while True:
            below = f"{prefix}member.{len(result_list) + 1}"
            if below in fields:
                result_list.append(_read(shape.member, below, fields))
            elif any(key.startswith(f"{below}.") for key in fields):
                result_list.append(_read(shape.member, f"{below}.", fields))
            else:
                return result_list
    return _scalar(shape, fields.pop(prefix))


def _scalar(shape: Any, text: str) -> Any:
    if shape.type_name == "boolean":
        if text not in _TRUTHS:
            raise ModelError(f"{text!r} is neither true nor false")
        return _TRUTHS[text]
    return int(text) if shape.type_name in {"integer", "long"} else text


def _write(shape: Any, value: Any, element: Element) -> None:
    if shape.type_name == "structure":
        for name, item in value.items():
            member = shape.members[name]
            _write(member, item, SubElement(element, member.serialization.get("name", name)))
    elif shape.type_name == "list":
        for item in value:
            _write(shape.member, item, SubElement(element, "member"))
    elif isinstance(value, bool):
        element.text = str(value).lower()
    elif isinstance(value, datetime):
        element.text = value.isoformat()
    else:
        element.text = str(value)
