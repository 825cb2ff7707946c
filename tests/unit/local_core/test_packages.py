import os
import stat
import zipfile
from pathlib import Path

import pytest

from local_core.deployments.packages import ArtifactError, Packages
from local_core.deployments.unarchive import UnarchiveError, unzip
from local_core.errors import RecipeError
from local_core.layout import Layout
from local_core.model.recipe import load_recipe
from local_core.model.recipe_model import Manifest, Recipe
from local_core.settings import Flavor

NAME, VERSION = "com.example.X", "1.0.0"


def recipe_text(name: str = NAME, version: str = VERSION, artifacts: str = "[]") -> str:
    return f"""\
RecipeFormatVersion: "2020-01-25"
ComponentName: {name}
ComponentVersion: {version}
Manifests:
  - Platform: {{os: linux, runtime: "*"}}
    Lifecycle: {{run: {{Script: "true"}}}}
    Artifacts: {artifacts}
"""


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zip_of(path: Path, entries: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


class Offered:
    """A recipe with artifacts in the folders of a deployment, and the packages that take them."""

    def __init__(self, folder: Path, artifacts: str) -> None:
        self.layout = Layout(folder / "core")
        self.packages = Packages(self.layout, Flavor.CLASSIC)
        self.directory = folder / "artifacts"
        file = write(folder / "recipe.yaml", recipe_text(artifacts=artifacts))
        self.recipe: Recipe = load_recipe(file)
        self.manifest: Manifest = self.recipe.manifests[0]

    def offer(self, name: str) -> Path:
        """Where a deployment's artifact of that name belongs."""
        return self.directory / NAME / VERSION / name

    def take(self) -> bool:
        """Take them; whether any was new."""
        self.packages.staging.discard()
        is_new = self.packages.take_artifacts(self.recipe, self.manifest, self.directory)
        self.packages.staging.put()
        return is_new


def packages_of(layout: Layout) -> dict[Path, bytes]:
    """Every file of the packages."""
    return {path: path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_versions_lie_side_by_side_under_the_nucleus_s_names(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "core")
    write(tmp_path / "recipes" / "any name.yaml", recipe_text())
    write(tmp_path / "recipes" / "deeper" / "other.YML", recipe_text(version="1.1.0"))
    packages = Packages(layout, Flavor.CLASSIC)

    packages.take_recipes(tmp_path / "recipes")
    packages.staging.put()

    assert set(packages.recipes()[NAME]) == {"1.0.0", "1.1.0"}
    assert (layout.recipes / f"{NAME}-1.0.0.yaml").read_text() == recipe_text()
    assert packages.recipe(NAME, "1.1.0").version == "1.1.0"


def test_recipe_replaces_the_one_of_the_same_version_whatever_its_format(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "core")
    packages = Packages(layout, Flavor.CLASSIC)
    write(tmp_path / "first" / "r.yaml", recipe_text())
    write(tmp_path / "second" / "r.yml", recipe_text() + "# newer\n")

    for folder in ("first", "second"):
        packages.take_recipes(tmp_path / folder)
        packages.staging.put()

    assert [path.name for path in layout.recipes.iterdir()] == [f"{NAME}-{VERSION}.yml"]


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "recipes" / "a.yaml", recipe_text())
    write(tmp_path / "recipes" / "b.yaml", recipe_text())

    with pytest.raises(RecipeError, match=r"b\.yaml: com\.example\.X 1\.0\.0 also stands in .*a\.yaml"):
        Packages(Layout(tmp_path / "core"), Flavor.CLASSIC).take_recipes(tmp_path / "recipes")


def test_one_broken_recipe_fails_all_and_nothing_is_taken(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "core")
    write(tmp_path / "recipes" / "good.yaml", recipe_text())
    write(tmp_path / "recipes" / "bad.yaml", "RecipeFormatVersion: 1\n")

    with pytest.raises(RecipeError, match=r"bad\.yaml"):
        Packages(layout, Flavor.CLASSIC).take_recipes(tmp_path / "recipes")

    assert not packages_of(layout)


def test_what_is_taken_waits_until_it_is_put(tmp_path: Path) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/app.zip", Unarchive: ZIP}]')
    layout, packages = offered.layout, offered.packages
    zip_of(offered.offer("app.zip"), {"main.py": b"old"})
    write(tmp_path / "old" / "r.yaml", recipe_text())
    offered.take()
    packages.take_recipes(tmp_path / "old")
    packages.staging.put()
    before = packages_of(layout)
    zip_of(offered.offer("app.zip"), {"main.py": b"new"})
    write(tmp_path / "new" / "r.yaml", recipe_text() + "ComponentPublisher: me\n")

    (taken,) = packages.take_recipes(tmp_path / "new")
    assert packages.take_artifacts(offered.recipe, offered.manifest, offered.directory)

    assert (taken.publisher, packages.recipe(NAME, VERSION).publisher) == ("me", "")
    assert {path: text for path, text in packages_of(layout).items() if path in before} == before
    packages.staging.discard()
    assert packages_of(layout) == before


def test_lite_finds_recipes_only_by_their_file_names(tmp_path: Path) -> None:
    write(tmp_path / "recipes" / "any.yaml", recipe_text())

    with pytest.raises(RecipeError, match=rf"call it {NAME}-{VERSION}\.yaml"):
        Packages(Layout(tmp_path / "core"), Flavor.LITE).take_recipes(tmp_path / "recipes")


def test_stored_recipe_that_cannot_be_read_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    layout = Layout(tmp_path / "core")
    write(layout.recipes / f"{NAME}-{VERSION}.yaml", recipe_text())
    write(layout.recipes / "broken-1.0.0.yaml", "not a recipe")

    assert set(Packages(layout, Flavor.CLASSIC).recipes()) == {NAME}
    assert "broken-1.0.0.yaml" in caplog.text


def test_artifacts_are_copied_unpacked_and_given_their_permission(tmp_path: Path) -> None:
    offered = Offered(
        tmp_path,
        """
      - {Uri: "s3://BUCKET/COMPONENT/VERSION/app.zip", Unarchive: ZIP}
      - {Uri: "s3://BUCKET/COMPONENT/VERSION/tool.sh", Permission: {Read: ALL, Execute: ALL}}""",
    )
    zip_of(offered.offer("app.zip"), {"app/main.py": b"print()", "app/data/": b"", "run.sh": b"#!"})
    write(offered.offer("tool.sh"), "#!/bin/sh\n")
    write(offered.offer("undeclared.txt"), "not in the recipe")

    assert offered.take()

    unpacked = offered.layout.artifacts_unarchived(NAME, VERSION) / "app"
    artifacts = offered.layout.artifacts(NAME, VERSION)
    assert (unpacked / "app" / "main.py").read_bytes() == b"print()"
    assert mode_of(unpacked / "run.sh") == 0o440
    assert mode_of(unpacked / "app" / "data") == 0o755
    assert mode_of(artifacts / "tool.sh") == 0o555
    assert mode_of(artifacts / "app.zip") == 0o440
    assert not (artifacts / "undeclared.txt").exists()


def test_artifact_that_did_not_change_is_left_alone_and_one_that_did_replaces_all_it_unpacked(
    tmp_path: Path,
) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/app.zip", Unarchive: ZIP}]')
    zip_of(offered.offer("app.zip"), {"same_size.py": b"old", "gone.py": b""})
    offered.take()

    assert not offered.take()
    zip_of(offered.offer("app.zip"), {"same_size.py": b"new"})
    assert offered.take()

    unpacked = offered.layout.artifacts_unarchived(NAME, VERSION) / "app"
    assert {path.name: path.read_bytes() for path in unpacked.iterdir()} == {"same_size.py": b"new"}


def test_component_without_artifacts_has_a_folder_for_them(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "[]")

    assert not offered.take()

    assert offered.layout.artifacts(NAME, VERSION).is_dir()


def test_artifact_that_changed_without_its_size_and_time_is_taken(tmp_path: Path) -> None:
    """As a build does that sets every time to the same, for the sake of archives that can be compared."""
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/file.txt"}]')
    file = write(offered.offer("file.txt"), "old")
    os.utime(file, (0, 0))
    offered.take()
    taken = offered.layout.artifacts(NAME, VERSION) / "file.txt"
    os.utime(taken, (0, 0))
    assert not offered.take()
    write(file, "new")
    os.utime(file, (0, 0))

    assert offered.take()

    assert taken.read_text() == "new"


def test_artifact_of_an_earlier_deployment_is_enough(tmp_path: Path) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/file.txt"}]')
    write(offered.offer("file.txt"), "content")
    offered.take()

    assert not offered.packages.take_artifacts(offered.recipe, offered.manifest, None)


def test_missing_artifact_is_named_with_the_place_it_belongs_to(tmp_path: Path) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/app.zip", Unarchive: ZIP}]')

    with pytest.raises(ArtifactError) as caught:
        offered.take()

    message = str(caught.value)
    assert "recipe.yaml: artifact app.zip (s3://B/C/V/app.zip) is missing" in message
    assert f"{offered.directory / NAME / VERSION} has no such file" in message
    assert f"<artifact directory>/{NAME}/{VERSION}/app.zip" in message


def test_container_image_is_refused(tmp_path: Path) -> None:
    offered = Offered(tmp_path, '[{Uri: "docker:library/hello:latest"}]')

    with pytest.raises(ArtifactError, match="no container images"):
        offered.take()


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "a/../.."])
def test_entry_that_escapes_is_refused_and_the_old_folder_stays(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    write(folder / "old.txt", "old")
    archive = zip_of(tmp_path / "a.zip", {"fine.txt": b"", name: b"evil"})

    with pytest.raises(UnarchiveError, match=r"a\.zip: the entry .* lies outside"):
        unzip(archive, folder, 0o440)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "folder"]
    assert [path.name for path in folder.iterdir()] == ["old.txt"]


def test_absolute_entry_lands_inside(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"/etc/x": b"content"})

    unzip(archive, tmp_path / "folder", 0o440)

    assert (tmp_path / "folder" / "etc" / "x").read_bytes() == b"content"


def test_symbolic_link_becomes_a_file_that_holds_its_target(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    unzip(tmp_path / "a.zip", tmp_path / "folder", 0o440)

    unpacked = tmp_path / "folder" / "link"
    assert not unpacked.is_symlink()
    assert unpacked.read_text() == "/etc/passwd"


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.zip", content)

    with pytest.raises(UnarchiveError, match=r"a\.zip: cannot be unpacked as ZIP"):
        unzip(tmp_path / "a.zip", tmp_path / "folder", 0o440)


def test_damaged_entry_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"file": b"content " * 100})
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)

    with pytest.raises(UnarchiveError):
        unzip(archive, tmp_path / "folder", 0o440)


def test_archive_that_cannot_be_unpacked_fails_every_deployment_and_not_only_the_first(
    tmp_path: Path,
) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/app.zip", Unarchive: ZIP}]')
    zip_of(offered.offer("app.zip"), {"main.py": b"old"})
    offered.take()
    write(offered.offer("app.zip"), "no archive")

    for _ in range(2):
        with pytest.raises(UnarchiveError, match=str(offered.offer("app.zip"))):
            offered.take()


def test_archive_that_was_not_unpacked_to_the_end_is_unpacked_without_a_new_one(tmp_path: Path) -> None:
    offered = Offered(tmp_path, '[{Uri: "s3://B/C/V/app.zip", Unarchive: ZIP}]')
    zip_of(offered.offer("app.zip"), {"main.py": b"code"})
    offered.take()
    unpacked = offered.layout.artifacts_unarchived(NAME, VERSION) / "app"
    unpacked.rename(unpacked.with_name("app.old"))  # where a killed core may leave it

    offered.packages.take_artifacts(offered.recipe, offered.manifest, None)

    assert (unpacked / "main.py").read_bytes() == b"code"


def test_only_the_versions_in_use_are_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "core")
    packages = Packages(layout, Flavor.CLASSIC)
    for name, version in [(NAME, "1.0.0"), (NAME, "1.1.0"), ("com.example.Gone", "1.0.0")]:
        write(layout.recipes / f"{name}-{version}.yaml", recipe_text(name, version))
        write(layout.artifacts(name, version) / "a.zip", "artifact")
        write(layout.artifacts_unarchived(name, version) / "a" / "main.py", "code")

    packages.keep_only({NAME: "1.1.0", "com.example.NoRecipe": "1.0.0"})

    assert {
        str(path.relative_to(layout.root / "packages")) for path in layout.root.rglob("*") if path.is_file()
    } == {
        f"recipes/{NAME}-1.1.0.yaml",
        f"artifacts/{NAME}/1.1.0/a.zip",
        f"artifacts-unarchived/{NAME}/1.1.0/a/main.py",
    }
    assert not layout.artifacts("com.example.Gone", "").exists()


def test_core_that_has_no_packages_has_none_to_clear_away(tmp_path: Path) -> None:
    Packages(Layout(tmp_path / "core"), Flavor.CLASSIC).keep_only({})
