"""The core's packages: recipes and artifacts of every version that has been deployed, side by side.

Takes them from the folders that a local deployment names, and clears away what is needed no more. Blocking
file work: call it from a thread.
"""

import filecmp
import logging
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local_core.deployments.staging import Staging
from local_core.deployments.unarchive import unzip
from local_core.errors import CoreError, RecipeError
from local_core.layout import Layout
from local_core.model.atomic_file import write_atomically
from local_core.model.recipe import RECIPE_SUFFIXES, Recipe, load_recipe, load_recipes
from local_core.model.recipe_model import Access, Artifact, Manifest, Permission, Unarchive
from local_core.settings import Flavor

_LOG = logging.getLogger(__name__)

# Permission.toFileSystemPermission of the nucleus: the owner always reads, the owner's group counts as owner,
# and who may execute may read.
_READ_BITS = {Access.NONE: 0o400, Access.OWNER: 0o440, Access.ALL: 0o444}
_EXECUTE_BITS = {Access.NONE: 0o000, Access.OWNER: 0o550, Access.ALL: 0o555}

_CONTAINER_SCHEME = "docker"


class ArtifactError(CoreError):
    """An artifact is not where a local deployment looks for it, or cannot be had here at all."""


class Packages:
    """The folder `packages` of one core.

    Args:
        layout: Where it is.
        flavor: Whose rules recipes are read by.

    Attributes:
        staging: Where everything waits that has been taken, until it is put in its place.
    """

    def __init__(self, layout: Layout, flavor: Flavor) -> None:
        self.staging = Staging(layout)
        self._layout = layout
        self._flavor = flavor

    def take_recipes(self, directory: Path) -> list[Recipe]:
        """Stage every recipe below `directory` and return them; once put, they replace those that are there.

        Raises:
            RecipeError: A recipe is broken, two files hold the same version, or Lite would not find one.
            OSError: The disk.
        """
        origin_by_version: dict[tuple[str, str], str] = {}
        recipes = load_recipes(directory, self._flavor)
        for recipe in recipes:
            key = (recipe.name, recipe.version)
            if key in origin_by_version:
                raise RecipeError(
                    f"{recipe.origin}: {recipe.name} {recipe.version} also stands in "
                    f"{origin_by_version[key]}. Keep one of them in the recipe directory"
                )
            origin_by_version[key] = recipe.origin
            self._check_file_name(recipe)
        for (name, version), origin in origin_by_version.items():
            staged = self.staging.layout.recipes / f"{name}-{version}{Path(origin).suffix.lower()}"
            write_atomically(staged, Path(origin).read_bytes())
        return recipes

    def recipes(self) -> dict[str, dict[str, Recipe]]:
        """Every recipe that is in its place: name -> version -> recipe.

        One that cannot be read, such as one of the other flavor, is left out and logged.
        """
        found: dict[str, dict[str, Recipe]] = defaultdict(dict)
        for path in sorted(self._layout.recipes.glob("*")):
            if path.suffix in RECIPE_SUFFIXES:
                try:
                    recipe = load_recipe(path, self._flavor)
                except RecipeError as error:
                    _LOG.warning("A recipe that was deployed before is left out: %s", error)
                else:
                    found[recipe.name][recipe.version] = recipe
        return found

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of a version that has been deployed.

        Raises:
            RecipeError: It is not there, or broken.
        """
        return load_recipe(self._recipe_file(name, version), self._flavor)

    def take_artifacts(self, recipe: Recipe, manifest: Manifest, directory: Path | None) -> bool:
        """Have every artifact of `manifest` in place and unpacked, or staged.

        Args:
            recipe: Whose manifest.
            manifest: The one for this machine.
            directory: Holds `<component>/<version>/<file>`; None: all must be there from before.

        Returns:
            True when a file came that was not there or was another one.

        Raises:
            ArtifactError: An artifact is missing.
            UnarchiveError: One cannot be unpacked.
            OSError: The disk.
        """
        self._layout.artifacts(recipe.name, recipe.version).mkdir(parents=True, exist_ok=True)
        source = directory / recipe.name / recipe.version if directory else None
        has_changed = False
        for artifact in manifest.artifacts:
            has_changed |= self._take(artifact, recipe, source)
        return has_changed

    def keep_only(self, versions: Mapping[str, str]) -> None:
        """Remove every recipe and artifact but those of `versions` (component name -> version).

        As ComponentManager.cleanupStaleVersions does after a deployment. If the process dies here, the rest
        goes after the next one.

        Raises:
            OSError: The disk.
        """
        kept = {f"{name}-{versions[name]}{suffix}" for name in versions for suffix in RECIPE_SUFFIXES}
        for recipe in self._layout.recipes.glob("*"):
            if recipe.name not in kept:
                recipe.unlink()
        # Without a component and a version: the folders of all.
        for store in (self._layout.artifacts("", ""), self._layout.artifacts_unarchived("", "")):
            for folder in store.glob("*/*"):
                if versions.get(folder.parent.name) != folder.name:
                    shutil.rmtree(folder)
            for component in store.glob("*"):
                if component.name not in versions:
                    component.rmdir()

    def _check_file_name(self, recipe: Recipe) -> None:
        if self._flavor is Flavor.LITE and Path(recipe.origin).stem != f"{recipe.name}-{recipe.version}":
            raise RecipeError(
                f"{recipe.origin}: Lite finds recipes by their file names; call it "
                f"{recipe.name}-{recipe.version}{Path(recipe.origin).suffix}"
            )

    def _recipe_file(self, name: str, version: str) -> Path:
        files = [self._layout.recipes / f"{name}-{version}{suffix}" for suffix in RECIPE_SUFFIXES]
        return next((file for file in files if file.exists()), files[0])

    def _take(self, artifact: Artifact, recipe: Recipe, source: Path | None) -> bool:
        target = self._layout.artifacts(recipe.name, recipe.version) / artifact.file_name
        if urlsplit(artifact.uri).scheme == _CONTAINER_SCHEME:
            raise ArtifactError(
                f"{recipe.origin}: {artifact.uri}: this core fetches no container images. Leave the artifact "
                "out of the recipe that is deployed here"
            )
        offered = source / artifact.file_name if source else None
        if offered is None or not offered.is_file():
            if target.is_file():
                self._unpack_if_missing(artifact, recipe, target)
                return False
            where = f"{source} has no such file" if source else "the deployment names no artifact directory"
            raise ArtifactError(
                f"{recipe.origin}: artifact {artifact.file_name} ({artifact.uri}) is missing: {where}. Build "
                f"it, and put it at <artifact directory>/{recipe.name}/{recipe.version}/{artifact.file_name}"
            )
        filecmp.clear_cache()  # it takes files of the same size and time for those it has compared before
        if target.is_file() and filecmp.cmp(offered, target, shallow=False):
            self._unpack_if_missing(artifact, recipe, target)
            return False
        staged = self.staging.layout
        new = staged.artifacts(recipe.name, recipe.version) / artifact.file_name
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(offered, new)
        new.chmod(_mode(artifact.permission))
        if artifact.unarchive is Unarchive.ZIP:
            unzip(offered, _unpacked(staged, artifact, recipe), _mode(artifact.permission))
        return True

    def _unpack_if_missing(self, artifact: Artifact, recipe: Recipe, archive: Path) -> None:
        folder = _unpacked(self._layout, artifact, recipe)
        if artifact.unarchive is Unarchive.ZIP and not folder.is_dir():
            unzip(archive, folder, _mode(artifact.permission))


def _unpacked(layout: Layout, artifact: Artifact, recipe: Recipe) -> Path:
    return layout.artifacts_unarchived(recipe.name, recipe.version) / Path(artifact.file_name).stem


def _mode(permission: Permission) -> int:
    return _READ_BITS[permission.read] | _EXECUTE_BITS[permission.execute]
