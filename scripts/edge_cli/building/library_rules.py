"""What is known of libraries and cannot be read in their text: `libraries.toml` beside this module."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_RULES = Path(__file__).with_name("libraries.toml")


@dataclass(frozen=True, slots=True)
class LibraryRules:
    """The rules of all libraries.

    Attributes:
        left_out: (path or folder in the artifact, reason).
        optional: (importing package, imported module) -> reason why it is not missed.
        by_name: Module -> dotted names, or `package.*`, that its computed imports can mean.
        resources: Package -> patterns of the files beside its modules that it reads; `{service}` in one
            stands for each AWS service that is used.
        made_by: Module that has no file -> module that makes it when it is imported.
    """

    left_out: dict[str, str]
    optional: dict[tuple[str, str], str]
    by_name: dict[str, tuple[str, ...]]
    resources: dict[str, tuple[str, ...]]
    made_by: dict[str, str]

    def leaves_out(self, path: str) -> bool:
        """Whether a path in the artifact is one of those that stay behind."""
        return any(path == left or path.startswith(f"{left}/") for left in self.left_out)

    def reason_not_missed(self, importer: str, module: str) -> str | None:
        """Why an import that leads nowhere does no harm; None when nobody has said so."""
        for (package, wanted), reason in self.optional.items():
            if _is_below(importer, package) and _is_below(module, wanted):
                return reason
        return None

    def imported_by_name(self, module: str) -> tuple[str, ...] | None:
        """What the computed imports of a module can mean; None when nobody has said so."""
        return self.by_name.get(module)


def _is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@cache
def library_rules(path: Path = _RULES) -> LibraryRules:
    """Read the rules."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return LibraryRules(
        left_out={path: rule["reason"] for rule in document.get("left_out", []) for path in rule["paths"]},
        optional={
            (rule["importer"], module): rule["reason"]
            for rule in document.get("optional", [])
            for module in rule["modules"]
        },
        by_name={rule["module"]: tuple(rule["means"]) for rule in document.get("by_name", [])},
        made_by={module: rule["by"] for rule in document.get("made", []) for module in rule["modules"]},
        resources={package: tuple(files) for package, files in document.get("resources", {}).items()},
    )
