"""One recipe as the rules see it: its values with their lines, and the component whose recipe it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edge_cli.lint.code import Code
from edge_cli.lint.finding import Spot
from edge_cli.lint.positions import index_of
from edge_cli.lint.steps import Step, steps_of
from edge_cli.lint.values import child, lifecycles, text
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

    def spot(self, where: Value | Place) -> Spot:
        """Where `where` begins: its key, or the item of a list."""
        place = where.place if isinstance(where, Value) else where
        line = self._lines[place.line - 1]
        return Spot(self.path, place.line, len(line) - len(line.lstrip(" -")) + 1)

    def spot_in(self, value: Value, offset: int) -> Spot:
        """Where the character at `offset` of the text `value`, an entry of a mapping, stands."""
        index = index_of(self.content, value.place, text(value), offset)
        if index is None:
            return self.spot(value)
        begin = self.content.rfind("\n", 0, index) + 1
        return Spot(self.path, self.content.count("\n", 0, begin) + 1, index - begin + 1)


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
    def own_name(self) -> str:
        """What it should be called: as its component when it has one here, else what it says."""
        is_ours = self.component is not None and self.component.recipe == self.path
        return self.component.name if self.component and is_ours else self.name

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

    @cached_property
    def steps(self) -> Sequence[Step]:
        """Every step that the recipe writes, of whatever manifest."""
        return [step for part in lifecycles(self.root) for step in steps_of(part)]

    def spot(self, where: Value | Place | None) -> Spot:
        """As `SourceText.spot`; None is the beginning of the recipe."""
        return self.source.spot(self.root if where is None else where)

    def spot_in(self, value: Value, offset: int) -> Spot:
        """As `SourceText.spot_in`."""
        return self.source.spot_in(value, offset)

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
