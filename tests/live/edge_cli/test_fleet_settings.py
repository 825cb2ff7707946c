"""`edge deploy` to a fleet: what a component would not start with is refused in the plan, before a change."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_cli import project, recipes
from support.aws.bench import Bench
from support.aws.builds import PUBLISHER, build
from support.aws.group import GROUP, add, arn, components, latest

UPLOADER = "com.example.S3BatchUploader"
WITHOUT_BUCKET = recipes.read_facts(project.find_component(UPLOADER).recipe).settings
DRY = ("--dry-run", "--json")


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench where the uploader is published with the recipe's own settings, which name no bucket."""
    add(group_bench, UPLOADER, "1.0.0", settings=WITHOUT_BUCKET)
    return group_bench


def _settings(**values: Any) -> str:
    return json.dumps({UPLOADER: {"MERGE": {"settings": values}}})


def _runs(at: Bench, **update: Any) -> None:
    """The group runs the uploader, deployed by another program."""
    wanted = {"componentVersion": "1.0.0", "configurationUpdate": update}
    at.cloud.fleet.create_deployment({"targetArn": arn(at), "components": {UPLOADER: wanted}})


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]], ids=" ".join)
def test_missing_bucket_is_refused_with_the_line_that_gives_it(at: Bench, words: list[str]) -> None:
    said = at.deploy("s3_batch_uploader", *GROUP, *words, expect=1)
    assert f"{UPLOADER} 1.0.0 would not start: /settings/bucket" in said.err
    assert (
        f"""--configuration '{{"{UPLOADER}": {{"MERGE": {{"settings": {{"bucket": "…"}}}}}}}}'""" in said.err
    )
    assert "Nothing was changed." in said.err
    assert at.cloud.faults.changes == []


def test_with_a_bucket_it_is_deployed(at: Bench) -> None:
    at.deploy("s3_batch_uploader", *GROUP, "--configuration", _settings(bucket="my-bucket"), "--yes")
    assert components(at)[UPLOADER]["componentVersion"] == "1.0.0"


def test_every_fault_is_named_at_once(at: Bench) -> None:
    change = _settings(bucket="my-bucket", batch_max_records="0", region="nowhere at all")
    said = at.deploy("s3_batch_uploader", *GROUP, "--configuration", change, "--yes", expect=1)
    assert "/settings/batch_max_records" in said.err
    assert "/settings/region" in said.err


def test_new_fault_in_what_runs_is_refused(at: Bench) -> None:
    _runs(at, merge=json.dumps({"settings": {"bucket": "my-bucket"}}))
    wrong = _settings(batch_max_age_s="-1")
    assert "/settings/batch_max_age_s" in at.deploy(*GROUP, "--configuration", wrong, *DRY, expect=1).out
    reset = json.dumps({UPLOADER: {"RESET": ["/settings/bucket"]}})
    assert "/settings/bucket" in at.deploy(*GROUP, "--configuration", reset, *DRY, expect=1).out
    assert len(at.cloud.fleet.deployments) == 1


def test_list_that_is_merged_replaces_the_one_before(at: Bench) -> None:
    before = {"bucket": "my-bucket", "folders": [{"path": "/data/a"}]}
    _runs(at, merge=json.dumps({"settings": before}))
    change = _settings(folders=[{"path": ""}])
    said = at.deploy(*GROUP, "--configuration", change, *DRY, expect=1)
    assert "/settings/folders/0/path" in said.out


def test_fault_that_was_there_before_is_noted_and_keeps_no_repair_from_devices(at: Bench) -> None:
    _runs(at)  # its devices may have a bucket that was set locally
    change = _settings(batch_max_records="20")
    notes = at.deploy(*GROUP, "--configuration", change, *DRY).document["notes"]
    assert any("/settings/bucket" in note and "It was so before" in note for note in notes)
    at.deploy(*GROUP, "--configuration", change, "--yes")
    assert len(at.cloud.fleet.deployments) == 2


def test_version_with_other_settings_is_only_noted(at: Bench) -> None:
    add(at, UPLOADER, "2.0.0", settings=WITHOUT_BUCKET | {"invented_later": "1"})
    notes = at.deploy(f"{UPLOADER}=2.0.0", *GROUP, *DRY).document["notes"]
    assert any("/settings/bucket" in note and "has other settings" in note for note in notes)


def test_component_in_the_namespace_that_was_built_is_judged_too(at: Bench) -> None:
    build(at.folder, "com.acme.S3BatchUploader")
    add(at, "com.acme.S3BatchUploader", "1.0.0", settings=WITHOUT_BUCKET)
    said = at.deploy("com.acme.S3BatchUploader", *GROUP, "--yes", expect=1)
    assert '{"com.acme.S3BatchUploader": {"MERGE"' in said.err


def test_component_of_others_with_the_same_last_name_is_not_judged(at: Bench) -> None:
    add(at, "org.other.S3BatchUploader", "1.0.0", settings=WITHOUT_BUCKET)
    change = json.dumps({"org.other.S3BatchUploader": {"MERGE": {"theirs": 1}}})
    words = ("org.other.S3BatchUploader", *GROUP, "--configuration", change, *DRY)
    notes = at.deploy(*words).document["notes"]
    assert not any("settings" in note or "configuration" in note for note in notes)


def test_going_back_to_what_ran_is_never_refused_for_its_settings(at: Bench) -> None:
    _runs(at)
    first = at.cloud.fleet.deployments[-1].deployment_id
    _runs(at, merge=json.dumps({"settings": {"bucket": "my-bucket"}}))
    notes = at.deploy(*GROUP, "--base", first, *DRY).document["notes"]
    assert any("would not start: /settings/bucket" in note for note in notes)
    at.deploy(*GROUP, "--base", first, "--yes", "--no-wait")
    assert len(at.cloud.fleet.deployments) == 3


def test_version_that_is_not_the_one_here_is_only_noted(at: Bench) -> None:
    add(at, UPLOADER, "0.9.0", settings=WITHOUT_BUCKET)
    change = json.dumps({UPLOADER: {"MERGE": {"gone": "1"}}})
    notes = at.deploy(f"{UPLOADER}=0.9.0", *GROUP, "--configuration", change, *DRY).document["notes"]
    assert any("/settings/bucket" in note for note in notes)
    assert any("/gone: not in this component's configuration" in note for note in notes)


def test_unchecked_only_notes_what_would_be_refused_and_the_refusal_names_it(at: Bench) -> None:
    change = json.dumps({UPLOADER: {"MERGE": {"buckt": "x"}}})
    words = ("s3_batch_uploader", *GROUP, "--configuration", change)
    assert "To deploy it all the same: --unchecked" in at.deploy(*words, "--yes", expect=1).err
    notes = at.deploy(*words, "--unchecked", *DRY).document["notes"]
    assert any("/settings/bucket" in note for note in notes)
    assert any("/buckt: not in this component's configuration" in note for note in notes)
    at.deploy(*words, "--unchecked", "--yes", "--no-wait")
    assert components(at)[UPLOADER]["componentVersion"] == "1.0.0"


def test_model_that_cannot_be_read_stops_no_deployment(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(at.folder, "half", "s3_batch_uploader")
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "config.py").write_text("class (")
    monkeypatch.syspath_prepend(package.parent)
    for name in [one for one in sys.modules if one.partition(".")[0] == package.name]:
        monkeypatch.delitem(sys.modules, name)
    notes = at.deploy("s3_batch_uploader", *GROUP, *DRY).document["notes"]
    for name in ("s3_batch_uploader", "s3_batch_uploader.config"):
        sys.modules.pop(name, None)
    assert any(f"{UPLOADER}: its settings were not checked." in note for note in notes)


def test_component_that_is_not_changed_is_not_judged(at: Bench) -> None:
    _runs(at)
    at.deploy("mqtt_publisher", *GROUP, "--yes")
    assert latest(at).arguments["components"][UPLOADER]["componentVersion"] == "1.0.0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"MERGE": {"publish_interval_s": "1"}},
            "/publish_interval_s: not in this component's configuration. Did you mean /settings/publish_i",
        ),
        ({"RESET": ["/settings/nope"]}, "/settings/nope: not in this component's configuration."),
    ],
    ids=str,
)
def test_member_that_the_component_does_not_have_is_refused(
    at: Bench, change: dict[str, Any], said: str
) -> None:
    words = ("mqtt_publisher", *GROUP, "--configuration", json.dumps({PUBLISHER: change}))
    assert f"{PUBLISHER}: {said}" in at.deploy(*words, "--yes", expect=1).err
    assert at.cloud.faults.changes == []


def test_misspelt_setting_is_named_once(at: Bench) -> None:
    change = _settings(bucket="my-bucket", batch_max_record="5")
    said = at.deploy("s3_batch_uploader", *GROUP, "--configuration", change, "--yes", expect=1)
    assert said.err.count("/settings/batch_max_record:") == 1
    assert "Did you mean /settings/batch_max_records?" in said.err


def test_misspelt_setting_of_an_earlier_deployment_can_be_reset(at: Bench) -> None:
    _runs(at, merge=json.dumps({"settings": {"bucket": "my-bucket"}, "buckt": "x"}))
    change = json.dumps({UPLOADER: {"RESET": ["/buckt"]}})
    at.deploy(*GROUP, "--configuration", change, "--yes")
    at.deploy(*GROUP, "--configuration", change, "--yes")  # changes nothing, so it is no mistake
    assert components(at)[UPLOADER]["configurationUpdate"]["reset"] == ["/buckt"]
    assert len(at.cloud.fleet.deployments) == 2


def test_setting_that_only_the_deployed_version_has_is_known(at: Bench) -> None:
    add(at, UPLOADER, "2.0.0", settings=WITHOUT_BUCKET | {"invented_later": "1"})
    change = _settings(bucket="my-bucket", invented_later="2")
    at.deploy(f"{UPLOADER}=2.0.0", *GROUP, "--configuration", change, "--yes", "--no-wait")
    assert components(at)[UPLOADER]["componentVersion"] == "2.0.0"
