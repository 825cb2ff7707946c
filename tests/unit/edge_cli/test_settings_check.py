"""Settings held against the configuration models before anything is deployed."""

import os
from pathlib import Path

import pytest

from edge_cli import project, recipes, settings_check

UPLOADER = "com.example.S3BatchUploader"


def _defaults(name: str) -> dict[str, object]:
    return recipes.read_facts(project.find_component(name).recipe).settings


def test_value_that_only_a_deployment_can_give_is_named_with_the_line_that_gives_it() -> None:
    (fault,) = settings_check.faults(UPLOADER, _defaults(UPLOADER))
    assert fault.startswith('/settings/bucket: "" is not allowed: no bucket is named')
    assert f"""--configuration '{{"{UPLOADER}": {{"MERGE": {{"settings": {{"bucket": "…"}}}}}}}}'""" in fault


def test_component_is_known_in_any_namespace_and_the_line_has_its_own_name() -> None:
    (fault,) = settings_check.faults("com.acme.S3BatchUploader", {})
    assert '{"com.acme.S3BatchUploader": {"MERGE"' in fault


def test_every_fault_is_told_at_once_and_only_the_missing_one_has_a_line() -> None:
    found = settings_check.faults(UPLOADER, {"batch_max_records": "0", "buckt": "x"})
    assert len(found) == 3
    assert sum("--configuration" in fault for fault in found) == 1


def test_settings_that_it_would_start_with_have_no_fault() -> None:
    assert settings_check.faults(UPLOADER, _defaults(UPLOADER) | {"bucket": "my-bucket"}) == []


def test_component_of_others_is_not_judged() -> None:
    assert settings_check.faults("com.others.Anything", {"bucket": ""}) == []


def test_settings_that_are_no_object_are_a_fault() -> None:
    assert settings_check.faults(UPLOADER, "text") != []


def test_folder_where_the_command_runs_has_no_part_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [{"path": os.fspath(tmp_path)}]
    assert settings_check.faults(UPLOADER, {"bucket": "my-bucket", "folders": folders}) == []
    assert Path.cwd() == tmp_path
