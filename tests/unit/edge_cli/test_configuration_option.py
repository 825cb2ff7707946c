"""Changes of configurations on the command line: one grammar for every command that takes them."""

from pathlib import Path

import pytest

from edge_cli.configuration_option import Change, as_document, parse
from edge_cli.errors import CommandError

OPTION = "--update-config"


def test_changes_are_json_or_a_file_with_json(tmp_path: Path) -> None:
    text = '{"a.B": {"MERGE": {"settings": {"x": "1"}}, "RESET": ["/y", ""]}}'
    file = tmp_path / "update.json"
    file.write_text(text)
    expected = {"a.B": Change({"settings": {"x": "1"}}, ("/y", ""))}
    assert parse(OPTION, text) == parse(OPTION, str(file)) == expected


def test_changes_reach_the_nucleus_in_the_words_in_which_they_came() -> None:
    changes = {"a.B": Change({"x": "1"}), "c.D": Change(reset=("/y",))}
    assert as_document(changes) == {"a.B": {"MERGE": {"x": "1"}}, "c.D": {"RESET": ["/y"]}}


def test_option_that_is_not_given_changes_nothing() -> None:
    assert parse(OPTION, None) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no/such/file.json", "neither JSON nor a file"),
        ("{broken", "is not JSON"),
        ("[1]", "must be an object"),
        ('{"a.B": 1}', "must have MERGE or RESET"),
        ('{"a.B": {"merge": {}}}', "must have MERGE or RESET"),
        ('{"a.B": {}}', "must have MERGE or RESET"),
        ('{"a.B": {"MERGE": []}}', "MERGE of a.B must be an object"),
        ('{"a.B": {"RESET": "/y"}}', "RESET of a.B must be a list"),
        ('{"a.B": {"RESET": [1]}}', "RESET of a.B must be a list"),
        ('{"a.B": {"RESET": ["y"]}}', "list of JSON pointers"),
    ],
)
def test_change_that_would_be_misread_is_refused_with_the_options_name(text: str, complaint: str) -> None:
    with pytest.raises(CommandError, match=f"^{OPTION}.*{complaint}"):
        parse(OPTION, text)


def test_fault_in_a_file_is_said_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "update.json"
    file.write_text('{"a.B": {}}')
    with pytest.raises(CommandError, match=f"^{OPTION} {file}: a.B must have"):
        parse(OPTION, str(file))
