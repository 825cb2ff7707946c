"""Whether compiled files are for the machine and the Python that they go to. Pure; no I/O.

Sources: System V ABI, "ELF header"; PEP 3149 for the names of extension modules.
"""

import re
import struct

from edge_cli.targets import Architecture, Target

_MAGIC = b"\x7fELF"
_CLASS_64, _LITTLE_ENDIAN = 2, 1
_IDENT = struct.Struct("<4sBB10x")
_TYPE_AND_MACHINE = struct.Struct("<HH")
_SHARED_OBJECT = 3  # ET_DYN
_MACHINES = {Architecture.X86_64: 62, Architecture.AARCH64: 183}  # EM_X86_64, EM_AARCH64
_CPYTHON_TAG = re.compile(r"\.cpython-3(\d+)[a-z]*-(\w+?)-linux-(gnu|musl)\.so$")
_SHARED_LIBRARY = re.compile(r"\.so(\.\d+)*$")


def is_shared_library(path: str) -> bool:
    """Whether a file's name says that it is compiled code.

    >>> is_shared_library("x.libs/libcrc32c-f7.so.1.1.0"), is_shared_library("awscrt/io.py")
    (True, False)
    """
    return _SHARED_LIBRARY.search(path) is not None


def is_compiled(path: str, body: bytes) -> bool:
    r"""Whether a file is compiled code, by its name or by how it begins.

    Args:
        path: Its name.
        body: Its first bytes at least.

    >>> is_compiled("models/tool", b"\x7fELF..."), is_compiled("x.so", b""), is_compiled("x.py", b"import y")
    (True, True, False)
    """
    return body.startswith(_MAGIC) or is_shared_library(path)


def fault_of(path: str, body: bytes, target: Target) -> str | None:
    """What is wrong with a compiled file for a target; None when nothing is.

    Args:
        path: Its name; carries the tag of the interpreter.
        body: Its first bytes at least, 20 of them.
        target: Where it goes.
    """
    if len(body) < _IDENT.size + _TYPE_AND_MACHINE.size or not body.startswith(_MAGIC):
        return "is not an ELF file"
    _, word_size, byte_order = _IDENT.unpack_from(body)
    if (word_size, byte_order) != (_CLASS_64, _LITTLE_ENDIAN):
        return "is not a 64-bit little-endian ELF file"
    kind, machine = _TYPE_AND_MACHINE.unpack_from(body, _IDENT.size)
    if kind != _SHARED_OBJECT and is_shared_library(path):
        return "is not a shared object"
    if machine != _MACHINES[target.architecture]:
        names = {number: str(architecture) for architecture, number in _MACHINES.items()}
        return f"is for {names.get(machine, f'machine {machine}')}, not for {target.architecture}"
    return _fault_of_tag(path, target)


def _fault_of_tag(path: str, target: Target) -> str | None:
    """A tag names one minor version; what has none, or `abi3`, is for all that the wheel was chosen for."""
    tag = _CPYTHON_TAG.search(path)
    if tag is None:
        return None
    minor, architecture, libc = int(tag[1]), tag[2], tag[3]
    if minor != target.python.minor:
        return f"is for CPython 3.{minor}, not for {target.python}"
    if architecture != target.architecture or libc != "gnu":
        return f"is for {architecture} with {libc}, not for {target.architecture} with glibc"
    return None
