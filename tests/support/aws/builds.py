"""A build folder as `edge build` leaves it, with small artifacts."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from edge_cli.building import checksums

PUBLISHER = "com.example.MqttPublisher"
SUBSCRIBER = "com.example.MqttSubscriber"
_RECIPE = """\
RecipeFormatVersion: '2020-01-25'
ComponentName: {name}
ComponentVersion: {version}
ComponentPublisher: Example
ComponentConfiguration:
  DefaultConfiguration:
    settings: {{}}
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        {name}:mqttproxy:1:
          operations: [aws.greengrass#PublishToIoTCore]
          resources: ['{grant}']
Manifests:
"""
_MANIFEST = """\
- Platform: {{os: linux, architecture: {architecture}, runtime: '*'}}
  Lifecycle:
    run: {{Script: exec $PYTHON -u -m component}}
  Artifacts:
  - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{file}
    Unarchive: ZIP
"""
BOARD = "cp311-aarch64"


def build(
    folder: Path,
    name: str = PUBLISHER,
    version: str = "1.0.0",
    *,
    grant: str = "core/#",
    bodies: Mapping[str, bytes] = MappingProxyType({BOARD: b"the artifact"}),
) -> Path:
    """Add a build, in place of the one of the same component; returns the first artifact.

    Args:
        folder: Gets `recipes/` and `artifacts/`.
        name: Greengrass name.
        version: Of it.
        grant: A resource in its accessControl.
        bodies: The artifacts, by the machine that they are for, as `Target.tag` has it.
    """
    recipes, artifacts = folder / "recipes", folder / "artifacts" / name / version
    recipes.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    for outdated in recipes.glob(f"{name}-*.yaml"):
        outdated.unlink()
    text = _RECIPE.format(name=name, version=version, grant=grant)
    for tag, body in bodies.items():
        file = artifacts / f"{name.rpartition('.')[2].lower()}-{tag}.zip"
        architecture = tag.partition("-")[2].replace("x86_64", "amd64")
        text += _MANIFEST.format(architecture=architecture, file=file.name)
        file.write_bytes(body)
        file.with_suffix(checksums.SUFFIX).write_bytes(checksums.manifest({file.name: body}))
    (recipes / f"{name}-{version}.yaml").write_text(text)
    return artifacts / f"{name.rpartition('.')[2].lower()}-{next(iter(bodies))}.zip"
