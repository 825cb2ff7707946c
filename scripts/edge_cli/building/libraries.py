"""The libraries of a component for a machine that is not this one: fetched by uv, checked, kept unpacked.

uv is the locked one of `.venv`; it asks the package index that the user has configured, checks every file
against the hashes of the lock, and takes wheels only: nothing is compiled and nothing of a package is run.
What has been fetched once is taken from `build/cache` without any network.
"""

import csv
import hashlib
import os
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from uv import find_uv_bin

from edge_cli.building.cache import Shelf
from edge_cli.building.folders import write
from edge_cli.errors import CommandError
from edge_cli.targets import Target

_LIBRARIES = "libraries"
# What uv says offline of a package that it has never asked for, and of one of which it lacks this wheel.
_NOT_CACHED = r"Because (\S+) (?:was not found in the cache|needs to be downloaded from a registry)"
Progress = Callable[[str], None]
"""Is told what is being done now, in a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One package of an index, as it has been installed.

    Attributes:
        name: As its metadata write it.
        version: Of it.
        licence: An SPDX expression or a name; "" where its metadata say nothing.
        wheel_tags: What its wheel was built for, e.g. `cp311-abi3-manylinux_2_28_aarch64`.
        files: What belongs to it, relative to the folder of all libraries -> its digest, as `recorded_digest`
            gives it;
            "" where its wheel has none, of its RECORD.
    """

    name: str
    version: str
    licence: str
    wheel_tags: tuple[str, ...]
    files: dict[str, str]

    @property
    def licence_files(self) -> tuple[str, ...]:
        """Its licences and notices, which must go where it goes."""
        wanted = re.compile(
            r"[^/]+\.dist-info/(licenses/.*|(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*)", re.IGNORECASE
        )
        return tuple(sorted(file for file in self.files if wanted.fullmatch(file)))


def fetch(requirements: str, lock: Path, target: Target, shelf: Shelf, progress: Progress) -> Path:
    """Have libraries and all that they require in one folder, unpacked, for a target.

    Args:
        requirements: Lines of the lock.
        lock: Everything else that may be needed, with hashes.
        target: For which machine.
        shelf: Keeps the folder.
        progress: Told before anything that may take long.

    Returns:
        The folder; it is shared, nothing in it may be changed.

    Raises:
        CommandError: Something cannot be had; the text says what, for which machine, and what to do.
    """
    key = _key(requirements, lock, target)
    if found := shelf.find(key):
        return found / _LIBRARIES
    progress(f"Fetching libraries for {target}")
    with shelf.place(key) as folder:
        (folder / _LIBRARIES).mkdir()
        if requirements:
            _fill(folder, requirements, lock, target)
    return shelf.get(key) / _LIBRARIES


def forget(requirements: str, lock: Path, target: Target, shelf: Shelf) -> None:
    """Have `fetch` get a folder anew the next time, because something is wrong with what is in it."""
    shelf.discard(_key(requirements, lock, target))


def recorded_digest(body: bytes) -> str:
    """The digest of a file, as RECORD has it (PyPA specifications, "Recording installed projects")."""
    return f"sha256={urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip('=')}"


def _key(requirements: str, lock: Path, target: Target) -> str:
    """Of everything that decides what is in a folder."""
    return hashlib.sha256(
        "\0".join((requirements, lock.read_text("utf-8"), target.tag, *_choice(target))).encode()
    ).hexdigest()


def _fill(folder: Path, requirements: str, lock: Path, target: Target) -> None:
    wanted = folder / "requirements.txt"
    write(wanted, requirements.encode())
    from_cache = _install(folder / _LIBRARIES, wanted, lock, target, offline=True)
    if from_cache.returncode:  # uv's own cache does not hold everything yet
        installed = _install(folder / _LIBRARIES, wanted, lock, target, offline=False)
        if installed.returncode:
            raise CommandError(_refusal(from_cache.stderr, installed.stderr, target))


def distributions(folder: Path) -> list[Distribution]:
    """What is installed in a folder, by name."""
    found = []
    for info in folder.glob("*.dist-info"):
        metadata = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        wheel = HeaderParser().parsestr((info / "WHEEL").read_text(encoding="utf-8"))
        record = (info / "RECORD").read_text(encoding="utf-8")
        found.append(
            Distribution(
                name=metadata["Name"],
                version=metadata["Version"],
                licence=_licence(
                    metadata["License-Expression"], metadata["License"], metadata.get_all("Classifier")
                ),
                wheel_tags=tuple(sorted(wheel.get_all("Tag", []))),
                files={row[0]: row[1] for row in csv.reader(record.splitlines())},
            )
        )
    return sorted(found, key=lambda one: one.name.lower())


def _install(
    folder: Path, wanted: Path, lock: Path, target: Target, *, offline: bool
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            find_uv_bin(),
            *("pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)),
            *_choice(target),
            *("--requirement", str(wanted), "--constraint", str(lock)),
            *(["--offline"] if offline else []),
        ],
        cwd=lock.parent,  # uv obeys a uv.toml where it is called, which must not be anywhere
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
    )


def _choice(target: Target) -> tuple[str, ...]:
    """What uv is told of the wheels to choose."""
    return (
        *("--python-platform", target.wheel_platform, "--python-version", target.python.value),
        *("--only-binary", ":all:", "--require-hashes"),
    )


def _refusal(said_offline: str, said: str, target: Target) -> str:
    """Which library it is about, for which machine, why, and what to do.

    Args:
        said_offline: What uv said when it could use its cache only.
        said: What it said when it could ask the index.
        target: For which machine.
    """
    wheel = f"wheel for {target} ({target.wheel_platform})"
    if "(os error 28)" in said:  # ENOSPC
        return f"The libraries for {target} do not fit on the disk: make room (`df -h`) and build again."
    if unbuilt := re.search(r"Because (\S+) has no .*?wheels", " ".join(said.split())):
        return (
            f"{unbuilt[1]} has no {wheel}. Choose another --python, or in the pyproject.toml that names it "
            "a version that has one."
        )
    if missing := re.search(_NOT_CACHED, " ".join(said_offline.split())):
        return (
            f"{missing[1]} is missing: there is no {wheel} in uv's cache, and the package index cannot be "
            f"reached: {_causes(said)[-1]}. Run this once where it can; after that no network is needed."
        )
    return f"The libraries for {target} cannot be fetched: {'; '.join(_causes(said))}."


def _causes(said: str) -> list[str]:
    """What uv names as causes, the root of them last, without addresses: one may have a password in it."""
    lines = re.sub(r"\(?https?://\S+", "", said).split("\nhint:")[0].splitlines()
    return [words for line in lines if (words := re.sub(r"^\s*(error|cause):", "", line).strip(" ."))]


def _licence(expression: str | None, name: str | None, classifiers: list[str] | None) -> str:
    if expression:
        return expression
    if name and "\n" not in name and len(name) < 100:  # noqa: PLR2004  longer ones are the whole text
        return name
    licences = [word.rpartition(" :: ")[2] for word in classifiers or [] if word.startswith("License ::")]
    return ", ".join(licences)
