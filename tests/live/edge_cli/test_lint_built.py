"""`edge lint` takes what `edge build` makes, in anybody's namespace, and still knows whose recipe it is."""

from pathlib import Path

from edge_cli.building.gdk import stage
from edge_cli.lint.linting import lint
from edge_cli.project import components
from support.edge import edge, edge_json


def test_built_recipe_is_clean_and_held_against_the_code(tmp_path: Path) -> None:
    edge("build", "mqtt_subscriber", "--namespace", "com.acme", "--version", "1.4.0", "--out", str(tmp_path))
    built = tmp_path / "recipes" / "com.acme.MqttSubscriber-1.4.0.yaml"

    assert edge_json("lint", str(tmp_path)) == {"files": [str(built)], "findings": []}

    built.write_text(
        built.read_text().replace("aws.greengrass#SubscribeToTopic", "aws.greengrass#PublishToTopic")
    )
    found = edge_json("lint", str(built), expect=1)["findings"]
    assert {finding["code"] for finding in found} == {"grant-missing", "grant-unused"}


def test_staged_projects_of_gdk_are_clean(tmp_path: Path) -> None:
    staged = stage(components(), folder=tmp_path)

    report = lint([tmp_path])

    assert [str(finding) for finding in report.findings] == []
    assert {path.parent for path in report.files} == set(staged)
