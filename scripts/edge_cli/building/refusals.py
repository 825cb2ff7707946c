"""Why code must not go to a device, for people: each with file and line. Reads files; writes none."""

from collections.abc import Iterable

from edge_cli.building.aws_services import services_used
from edge_cli.building.later_syntax import line_of_later_fstring
from edge_cli.building.libraries import Distribution, recorded_digest
from edge_cli.building.library_rules import LibraryRules
from edge_cli.building.modules import Module
from edge_cli.building.reach import Reached, Unresolved
from edge_cli.building.stdlib import standard_library
from edge_cli.targets import PythonVersion


def services(ours: list[Module]) -> tuple[set[str], list[str]]:
    """AWS services that our modules make clients of, and faults where they do not say of which."""
    used_here: set[str] = set()
    faults = []
    for module in ours:
        if module.file is not None:
            used, unclear = services_used(module.file.read_bytes())
            used_here |= used
            faults += [
                f"{module.path}:{line} computes the name of the AWS service for a client: write the name "
                "out, so that the build knows which botocore model to include"
                for line in unclear
            ]
    return used_here, faults


def of_syntax(reached: Reached, ours: list[Module], python: PythonVersion) -> list[str]:
    """What a target's Python cannot read."""
    if reached.unreadable or python is not PythonVersion.PY311:
        return reached.unreadable
    lines = {module.path: line_of_later_fstring(module.file.read_bytes()) for module in ours if module.file}
    return [
        f"{path}:{line} has an f-string that Python 3.11 cannot read: no \\, # or quotes of its own in {{ }}"
        for path, line in lines.items()
        if line is not None
    ]


def of_our_imports(reached: Reached, own: dict[str, Module], python: PythonVersion) -> list[str]:
    """Imports of ours that lead nowhere, and those whose name is computed."""
    faults = [
        f"{missing.path}:{missing.line} imports {_lacking(missing, own, python)}"
        for missing in dict.fromkeys(reached.unresolved)
        if missing.importer in own
    ]
    faults += [
        f"{own[name].path}:{line} imports a module by a computed name: import it by its name"
        for name, line in reached.by_name
        if name in own
    ]
    return faults


def _lacking(missing: Unresolved, own: dict[str, Module], python: PythonVersion) -> str:
    """What an import of ours lacks, and why it lacks it."""
    top = missing.module.partition(".")[0]
    is_standard = top in standard_library(python)
    if missing.name is not None:
        where = f" in Python {python}" if is_standard else ""
        return f"{missing.name} from {missing.module}, which does not have it{where}"
    if is_standard:
        return f"{missing.module}, which is not in the Python {python} of a device"
    if top in own:
        return f"{missing.module}, which is not there"
    return (
        f"{missing.module}, which no pyproject.toml of the component or of common brings along: name it "
        "there, or take the import away. One that may fail is no exception: a device adds nothing"
    )


def of_library_imports(reached: Reached, own: dict[str, Module], rules: LibraryRules) -> list[str]:
    """Imports of libraries that lead nowhere, unless nobody misses them and a rule says why."""
    return [
        f"{missing.path}:{missing.line} imports {missing.module}, which nothing brings along: add it to a "
        "pyproject.toml, or say in libraries.toml why not"
        for missing in dict.fromkeys(reached.unresolved)
        if missing.importer not in own
        if missing.is_certain or not rules.reason_not_missed(missing.importer, missing.module)
    ]


def of_changed_files(files: dict[str, bytes], libraries: Iterable[Distribution]) -> list[str]:
    """Files of libraries that are not what their wheels brought.

    Args:
        files: Path in the artifact -> its bytes.
        libraries: What they may belong to.
    """
    recorded = {path: digest for one in libraries for path, digest in one.files.items()}
    return [
        f"{path} is not what its wheel brought: it was changed in place, maybe in .venv, with which uv "
        "shares it. Remove .venv, run `uv cache clean`, and build again"
        for path, body in files.items()
        if recorded.get(path) != recorded_digest(body)
    ]
