"""A bill of materials is another document when anything in it is another."""

import json
from typing import Any

import pytest

from edge_cli.building.sbom import bill_of_materials
from edge_cli.targets import Architecture, PythonVersion, Target

DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
LAPTOP = Target(Architecture.X86_64, PythonVersion.PY311)
PLAIN = ("com.example.Pump", "1.0.0", DEVICE, "ab" * 32)


def _document(name: str, version: str | None, target: Target, sha256: str) -> Any:
    return json.loads(bill_of_materials(name, version, target, sha256, []))


@pytest.mark.parametrize(
    "other",
    [
        ("com.acme.Pump", "1.0.0", DEVICE, "ab" * 32),
        ("com.example.Pump", "1.0.1", DEVICE, "ab" * 32),
        ("com.example.Pump", None, DEVICE, "ab" * 32),
        ("com.example.Pump", "1.0.0", LAPTOP, "ab" * 32),
        ("com.example.Pump", "1.0.0", DEVICE, "cd" * 32),
    ],
)
def test_no_two_documents_have_one_serial_number(other: tuple[str, str | None, Target, str]) -> None:
    assert _document(*other)["serialNumber"] != _document(*PLAIN)["serialNumber"]
    assert bill_of_materials(*PLAIN, []) == bill_of_materials(*PLAIN, [])


def test_a_version_that_nobody_knows_yet_is_not_named() -> None:
    document = _document("com.example.Pump", None, DEVICE, "ab" * 32)
    assert "version" not in document["metadata"]["component"]
    assert document["metadata"]["component"]["bom-ref"] == document["dependencies"][0]["ref"]
    assert "1.0.0" not in json.dumps(document)
