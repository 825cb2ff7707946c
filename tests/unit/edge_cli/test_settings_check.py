"""Settings held against the configuration models before anything is deployed."""

import os
from pathlib import Path

import pytest

from edge_cli import project, recipes, settings_check
from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from support.aws.builds import build

PUBLISHER = "com.example.MqttPublisher"
UPLOADER = "com.example.S3BatchUploader"


def _defaults(name: str) -> dict[str, object]:
    return recipes.read_facts(project.find_component(name).recipe).settings


def test_value_that_only_a_deployment_can_give_is_named_with_the_line_that_gives_it() -> None:
    (fault,) = settings_check.faults(UPLOADER, _defaults(UPLOADER))
    assert fault.startswith('/settings/bucket: "" is not allowed: no bucket is named')
    assert f"""--configuration '{{"{UPLOADER}": {{"MERGE": {{"settings": {{"bucket": "…"}}}}}}}}'""" in fault


def test_component_is_known_in_the_namespace_that_was_built_and_the_line_has_its_own_name(
    tmp_path: Path,
) -> None:
    build(tmp_path, "com.acme.S3BatchUploader", "1.2.0")
    (fault,) = settings_check.faults("com.acme.S3BatchUploader", {}, tmp_path)
    assert '{"com.acme.S3BatchUploader": {"MERGE"' in fault
    assert settings_check.faults("org.other.S3BatchUploader", {}, tmp_path) == []


@pytest.mark.parametrize("text", ["class (", "1 / 0", "raise SystemError"])
def test_model_that_cannot_be_imported_is_said_whatever_the_reason(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"half_edited_{len(text)}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "config.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    component = project.Component(package, "com.example.HalfEdited", tmp_path / "absent", tmp_path / package)
    with pytest.raises(CommandError, match="no configuration model that can be imported"):
        settings_check.model_of(component)


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


@pytest.mark.parametrize(
    ("change", "pointer", "meant"),
    [
        (Change({"publish_interval_s": "1"}), "/publish_interval_s", "/settings/publish_interval_s"),
        (Change({"sensor": {"source": "host"}}), "/sensor/source", "/settings/sensor/source"),
        (
            Change({"settings": {"publish_intervl_s": "1"}}),
            "/settings/publish_intervl_s",
            "/settings/publish_",
        ),
        (Change(reset=("/settings/publish_timeout",)), "/settings/publish_timeout", "/settings/publish_time"),
        (Change(reset=("/setings/max_in_flight",)), "/setings/max_in_flight", "/settings/max_in_flight"),
    ],
    ids=str,
)
def test_member_that_means_nothing_is_named_with_what_may_be_meant(
    change: Change, pointer: str, meant: str
) -> None:
    (line,) = settings_check.unknown_members(PUBLISHER, change)
    assert line.startswith(f"{pointer}: not in this component's configuration. Did you mean {meant}")


def test_member_like_no_other_is_named_with_where_settings_are() -> None:
    (line,) = settings_check.unknown_members(PUBLISHER, Change(reset=("/settings/nope",)))
    assert line.startswith(
        "/settings/nope: not in this component's configuration. Settings are under /settings"
    )


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change({"settings": {"publish_interval_s": "1", "sensor": {"replay": {"columns": {"t": "temp"}}}}}),
        Change(
            {"settings": {}, "accessControl": {"aws.greengrass.ipc.pubsub": {"any:1": {"operations": []}}}}
        ),
        Change(reset=("", "/settings", "/settings/outbox", "/settings/outbox/folder", "/accessControl")),
    ],
    ids=str,
)
def test_member_that_the_component_has_is_not_named(change: Change) -> None:
    assert settings_check.unknown_members(PUBLISHER, change) == []


def test_member_that_is_held_can_be_taken_back() -> None:
    change = Change(reset=("/settings/misspelt",))
    assert settings_check.unknown_members(PUBLISHER, change, held=["/settings/misspelt"]) == []


def test_members_of_a_component_of_others_are_not_judged() -> None:
    assert settings_check.unknown_members("com.others.Anything", Change({"any": 1}, ("/thing",))) == []
