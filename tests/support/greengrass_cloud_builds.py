"""A build folder as `edge build` leaves it, with small artifacts."""

from pathlib import Path

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
- Platform: {{os: linux, architecture: aarch64, runtime: '*'}}
  Lifecycle:
    run: {{Script: exec $PYTHON -u -m component}}
  Artifacts:
  - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{file}
    Unarchive: ZIP
"""


def build(
    folder: Path,
    name: str = PUBLISHER,
    version: str = "1.0.0",
    *,
    body: bytes = b"the artifact",
    grant: str = "core/#",
) -> Path:
    """Add a build, in place of the one of the same component; returns the artifact.

    Args:
        folder: Gets `recipes/` and `artifacts/`.
        name: Greengrass name.
        version: Of it.
        body: Of the artifact.
        grant: A resource in its accessControl.
    """
    file = f"{name.rpartition('.')[2].lower()}-cp311-aarch64.zip"
    recipes, artifacts = folder / "recipes", folder / "artifacts" / name / version
    recipes.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    for outdated in recipes.glob(f"{name}-*.yaml"):
        outdated.unlink()
    text = _RECIPE.format(name=name, version=version, file=file, grant=grant)
    (recipes / f"{name}-{version}.yaml").write_text(text)
    (artifacts / file).write_bytes(body)
    (artifacts / f"{file.removesuffix('.zip')}{checksums.SUFFIX}").write_bytes(
        checksums.manifest({file: body})
    )
    return artifacts / file
