"""What a deployment has brought, kept apart until it is applied: what runs may be restarted meanwhile.

Blocking file work: call it from a thread.
"""

import shutil
from pathlib import Path

from local_core.layout import Layout
from local_core.model.recipe import RECIPE_SUFFIXES

_FILE_OF_A_VERSION = "*/*/*"  # component, version, file or folder


class Staging:
    """The folder `packages/staged` of one core: the same folders as in `packages`.

    Args:
        layout: Where the packages are.

    Attributes:
        layout: Where recipes, artifacts and what was unpacked of them wait.
    """

    def __init__(self, layout: Layout) -> None:
        self._packages = layout
        self._folder = layout.root / "packages" / "staged"
        self.layout = Layout(self._folder)

    def discard(self) -> None:
        """Forget what is there, also what a core left that was killed."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def put(self) -> None:
        """Move everything to its place; what is there under the same name is replaced.

        If the process dies here, some of it is in its place: the same deployment brings the rest.

        Raises:
            OSError: The disk.
        """
        for recipe in self.layout.recipes.glob("*"):
            for suffix in RECIPE_SUFFIXES:
                if suffix != recipe.suffix:
                    (self._packages.recipes / f"{recipe.stem}{suffix}").unlink(missing_ok=True)
            _replace(recipe, self._packages.recipes / recipe.name)
        # An artifact after what was unpacked of it: it counts as taken by being there itself.
        for staged, place in (
            (self.layout.artifacts_unarchived("", ""), self._packages.artifacts_unarchived("", "")),
            (self.layout.artifacts("", ""), self._packages.artifacts("", "")),
        ):
            for each in staged.glob(_FILE_OF_A_VERSION):
                _replace(each, place / each.relative_to(staged))
        self.discard()


def _replace(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        old = target.with_name(f"{target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        source.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        source.replace(target)
