"""Which Greengrass a command is about; real folders."""

from pathlib import Path

import pytest

from edge_cli.place import Kind, Place, find
from edge_cli.project import default_root


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("core.lock", Kind.LOCAL_CORE),
        ("alts/current", Kind.CLASSIC),
        ("config/effectiveConfig.yaml", Kind.CLASSIC),
        ("config.db", Kind.LITE),
        ("logs/x.log", Kind.LOCAL_CORE),
    ],
)
def test_folder_is_known_by_its_files(tmp_path: Path, file: str, kind: Kind) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("")
    assert find(tmp_path) == Place(kind, tmp_path)


def test_word_of_the_person_counts_more_than_the_environment(tmp_path: Path) -> None:
    environment = {"EDGE_ROOT": "/elsewhere", "GGC_ROOT_PATH": "/farther"}
    assert find(tmp_path, environment).root == tmp_path
    assert find(None, environment).root == Path("/elsewhere")
    assert find(None, {"GGC_ROOT_PATH": "/farther"}).root == Path("/farther")


def test_device_counts_more_than_a_local_core_that_may_be_there_too(tmp_path: Path) -> None:
    classic = tmp_path / "v2"
    absent = tmp_path / "absent"
    assert find(None, {}, classic_root=classic, lite_root=absent).kind is Kind.LOCAL_CORE
    assert find(None, {}, classic_root=classic, lite_root=absent).root == default_root()
    classic.mkdir()
    assert find(None, {}, classic_root=classic, lite_root=absent) == Place(Kind.CLASSIC, classic)


def test_lite_is_found_by_its_folder_and_its_command(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    found = find(None, {}, classic_root=absent, lite_root=tmp_path, which=lambda _: "/usr/bin/ggl-cli")
    assert found == Place(Kind.LITE, tmp_path)
    assert (
        find(None, {}, classic_root=absent, lite_root=tmp_path, which=lambda _: None).kind is Kind.LOCAL_CORE
    )
