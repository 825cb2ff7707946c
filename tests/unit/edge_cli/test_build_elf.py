"""Compiled files that would not load on the device are told from those that would."""

import struct

import pytest

from edge_cli.building.elf import fault_of
from edge_cli.targets import Architecture, PythonVersion, Target

DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
AARCH64, X86_64, SHARED, EXECUTABLE = 183, 62, 3, 2


def _header(machine: int = AARCH64, kind: int = SHARED, word: int = 2, order: int = 1) -> bytes:
    return b"\x7fELF" + bytes([word, order]) + bytes(10) + struct.pack("<HH", kind, machine) + bytes(44)


@pytest.mark.parametrize(
    "path",
    [
        "x/_x.cpython-311-aarch64-linux-gnu.so",
        "x/_x.abi3.so",
        "_x.so",
        "x.libs/libx-0a1b.so.1.1.0",
    ],
)
def test_what_is_for_the_device_has_no_fault(path: str) -> None:
    assert fault_of(path, _header(), DEVICE) is None


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("x.so", _header(X86_64), "is for x86_64, not for aarch64"),
        ("x.so", _header(40), "is for machine 40, not for aarch64"),
        ("x.so", _header(kind=EXECUTABLE), "is not a shared object"),
        ("x.so", _header(word=1), "is not a 64-bit little-endian ELF file"),
        ("x.so", b"MZ" + bytes(62), "is not an ELF file"),
        ("x.so", b"\x7fELF", "is not an ELF file"),
        ("x.cpython-312-aarch64-linux-gnu.so", _header(), "is for CPython 3.12, not for 3.11"),
        (
            "x.cpython-311-x86_64-linux-gnu.so",
            _header(),
            "is for x86_64 with gnu, not",
        ),
        (
            "x.cpython-311-aarch64-linux-musl.so",
            _header(),
            "is for aarch64 with musl, not",
        ),
    ],
)
def test_what_is_not_for_the_device_is_told_why(path: str, body: bytes, fault: str) -> None:
    assert (fault_of(path, body, DEVICE) or "").startswith(fault)
