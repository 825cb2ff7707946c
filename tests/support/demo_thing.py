"""A project with one component, DemoThing, that is built in milliseconds."""

from pathlib import Path

from edge_cli.building import BuildRequest, build
from edge_cli.building.artifact import Sources
from edge_cli.building.component import Built
from edge_cli.project import Component, components
from edge_cli.targets import Architecture, PythonVersion, Target

NAME = "com.example.DemoThing"
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
FOR_THE_DEVICE = BuildRequest((DEVICE,))
LAPTOP = Target(Architecture.X86_64, PythonVersion.PY313)
MANIFEST = """\
  - Platform: {{os: linux, architecture: {architecture}, runtime: "*"}}
    Lifecycle:
      Setenv:
        PYTHON: python3.11
        PYTHONPATH: "{{artifacts:decompressedPath}}/demo_thing"
      run: {{Script: exec $PYTHON -u -m demo_thing}}
    Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/demo_thing.zip
        Unarchive: ZIP
"""
RECIPE = f"""\
RecipeFormatVersion: "2020-01-25"
ComponentName: {NAME}
ComponentVersion: 1.2.3   # a comment
ComponentConfiguration:
  DefaultConfiguration:
    settings: {{interval_s: "5", sensor: {{source: simulated}}}}
    accessControl:
      aws.greengrass.ipc.pubsub:
        "{NAME}:pubsub:1": {{operations: ["aws.greengrass#PublishToTopic"], resources: ["{NAME}/x"]}}
Manifests:
{MANIFEST.format(architecture="aarch64")}{MANIFEST.format(architecture="amd64")}"""


def write_project(folder: Path) -> Path:
    """The component, the shared package, and litter that must not get into artifacts; returns the folder."""
    package = folder / "components" / "demo_thing" / "demo_thing"
    shared = folder / "components" / "common" / "edge_common"
    for new in (package / "tests", shared, package / "__pycache__", folder / "recipes"):
        new.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("from demo_thing import logic\nprint('hello', logic)\n")
    (package / "logic.py").write_text("from edge_common import clock\nANSWER = 42\n")
    (package / "nobody.py").write_text("import not_installed\n")
    (package / "logic.pyi").write_text("")
    (package / "tests" / "test_logic.py").write_text("")
    (package / "limits.csv").write_text("a,b\n")
    (package / "__pycache__" / "logic.cpython-311.pyc").write_bytes(b"\0")
    (shared / "__init__.py").write_text("")
    (shared / "clock.py").write_text("import time\n")
    (shared / "gateway.py").write_text("import a_large_library\n")
    for project in (package.parent, shared.parent):
        (project / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = []\n')
    with (package.parent / "pyproject.toml").open("a") as pyproject:
        pyproject.write('[tool.edge]\npackage_data = ["*.csv"]\n')
    (folder / "recipes" / f"{NAME}.yaml").write_text(RECIPE)
    (folder / "requirements.lock").write_text("")
    return folder


def component_of(project: Path) -> Component:
    """The project's only component."""
    (component,) = components(project / "components", project / "recipes")
    return component


def build_in(project: Path, output: Path | None = None, request: BuildRequest = FOR_THE_DEVICE) -> Built:
    """Build it, with a cache of the project's own.

    Args:
        project: As `write_project` has made it.
        output: None means `out` in the project.
        request: What of it.
    """
    sources = Sources(
        shared=project / "components" / "common",
        lock=project / "requirements.lock",
        cache=project / "build" / "cache",
    )
    return build(component_of(project), output or project / "out", request, sources=sources)
