"""One recipe as the rules see it: its values with their lines, and the component whose recipe it is."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edge_cli.lint.code import Code
from edge_cli.lint.finding import Spot
from edge_cli.lint.values import child, text
from edge_cli.project import Component
from local_core.model.recipe_document import Place, Value, read_document
from local_core.settings import Flavor


@dataclass(frozen=True)
class SourceText:
    """A file's text, to tell where in it something stands.

    Attributes:
        path: The file.
        content: What it holds.
    """

    path: Path
    content: str

    @cached_property
    def _lines(self) -> list[str]:
        return self.content.split("\n")

    def spot(self, where: Value | Place, needle: str = "") -> Spot:
        """Where `where` stands; with a `needle`, where that first stands at or after it."""
        start = (where.place if isinstance(where, Value) else where).line
        for number, line in enumerate(self._lines[start - 1 :] if needle else [], start):
            if needle in line and not line.lstrip().startswith("#"):
                return Spot(self.path, number, line.index(needle) + 1)
        line = self._lines[start - 1]
        return Spot(self.path, start, len(line) - len(line.lstrip(" -")) + 1)


@dataclass(frozen=True)
class RecipeFile:
    """A recipe that can be read; whether a nucleus takes it is the reader's business.

    Attributes:
        source: Its text.
        root: Its values, with the types that the classic nucleus gives them.
        component: The component of this project that it is for; None when it is nobody's here.
        code: What that component's code calls; None without a component, or when it is not Python.
    """

    source: SourceText
    root: Value
    component: Component | None
    code: Code | None

    @property
    def path(self) -> Path:
        """The file."""
        return self.source.path

    @property
    def name(self) -> str:
        """ComponentName; empty when there is none."""
        return text(child(self.root, "ComponentName"))

    @property
    def version(self) -> str:
        """ComponentVersion; empty when there is none."""
        return text(child(self.root, "ComponentVersion"))

    @property
    def default_configuration(self) -> Value | None:
        """The value of DefaultConfiguration; None without one."""
        return child(self.root, "ComponentConfiguration", "DefaultConfiguration")

    @property
    def settings(self) -> Value | None:
        """DefaultConfiguration.settings, where components of this project keep theirs; None without."""
        return child(self.default_configuration, "settings")

    def spot(self, where: Value | Place | None, needle: str = "") -> Spot:
        """As `SourceText.spot`; None is the beginning of the recipe."""
        return self.source.spot(self.root if where is None else where, needle)

    def key_spot(self, *keys: str) -> Spot:
        """Where the last of `keys` that exists stands, one below the other; the beginning when none does."""
        deepest = self.root
        for key in keys:
            found = child(deepest, key)
            if found is None:
                break
            deepest = found
        return self.spot(deepest)


def read_values(source: SourceText) -> Value:
    """The values of a YAML or JSON file, typed as the classic nucleus types them.

    Raises:
        DocumentError: It is neither.
    """
    return read_document(source.content, Flavor.CLASSIC, is_json=source.path.suffix.lower() == ".json")
