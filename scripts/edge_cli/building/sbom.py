"""What an artifact is made of, for programs that look for known weaknesses: CycloneDX 1.6 as JSON. No I/O.

Without time and random serial number, so that the same artifact has the same document.
"""

import json
import uuid
from typing import Any

from edge_cli.building.libraries import Distribution
from edge_cli.building.lock import normalised
from edge_cli.targets import Target

_NAMESPACE = uuid.UUID("6ba7b814-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562, 6.6: X.500; any fixed one would do


def bill_of_materials(
    name: str, version: str | None, target: Target, sha256: str, libraries: list[dict[str, Any]]
) -> bytes:
    """The document for one artifact.

    Args:
        name: Of the component.
        version: Of the component; None while nobody knows it.
        target: What the artifact is for.
        sha256: Of the artifact, in hex.
        libraries: What it holds beside our own code, as `materials` has it.
    """
    reference = name if version is None else f"{name}@{version}"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference,
                "name": name,
                **({} if version is None else {"version": version}),
                "hashes": [{"alg": "SHA-256", "content": sha256}],
            },
            "properties": [
                {"name": "edge:architecture", "value": str(target.architecture)},
                {"name": "edge:python", "value": str(target.python)},
            ],
        },
        "components": libraries,
        "dependencies": [{"ref": reference, "dependsOn": [one["bom-ref"] for one in libraries]}],
    }
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, json.dumps(document))}"
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def materials(libraries: tuple[Distribution, ...]) -> list[dict[str, Any]]:
    """The libraries in an artifact, each as a component of CycloneDX."""
    return [_library(one) for one in libraries]


def _library(one: Distribution) -> dict[str, Any]:
    licences = [{"license": {"name": one.licence}}] if one.licence else []
    return {
        "type": "library",
        "bom-ref": _purl(one),
        "name": one.name,
        "version": one.version,
        "purl": _purl(one),
        "licenses": licences,
        "properties": [{"name": "edge:wheel-tag", "value": tag} for tag in one.wheel_tags],
    }


def _purl(one: Distribution) -> str:
    return f"pkg:pypi/{normalised(one.name)}@{one.version}"
