"""How `edge lint` reads scripts: commands and programs as sh sees them, each word where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_cli.lint.positions import index_of
from edge_cli.lint.programs import python_module, running
from edge_cli.lint.shell import read_script
from local_core.model.recipe_document import read_document
from local_core.settings import Flavor

COMMANDS = {
    "a b; c\nd && e || f | g": [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]],
    "a \\\n  b": [["a", "b"]],
    "a 'b ; c' \"d & e\" f\\ g": [["a", "b ; c", "d & e", "f g"]],
    "a # b; c\n#d\ne#f": [["a"], ["e#f"]],
    "A=1 B='2 3' c": [["c"]],
    "if a; then b; elif ! c; then d; else e; fi": [["a"], ["b"], ["c"], ["d"], ["e"]],
    "while a; do b; done": [["a"], ["b"]],
    "{ a; b; }; (c)": [["a"], ["b"], ["c"]],
    "a >b 2>&1 <c d": [["a", "d"]],
    "a $(b $(c)) `d`": [["c"], ["b", "$(c)"], ["d"], ["a", "$(b $(c))", "`d`"]],
    'a "$(b)"': [["b"], ["a", "$(b)"]],
    "a $((1 & (2 | 3))) b": [["a", "$((1 & (2 | 3)))", "b"]],
    "a <<X; b\nc & d\nX\ne": [["a"], ["b"], ["e"]],
    "a {b:c d} ${e}": [["a", "{b:c", "d}", "${e}"]],
    "case $a in b) c;; esac": [["case", "$a", "in", "b"], ["c"]],
    "sh -c 'a; b'": [["sh", "-c", "a; b"], ["a"], ["b"]],
}
PROGRAMS = {
    "a b": "a",
    "exec a b": "a",
    "A=1 sudo -u root nice -n 5 timeout 5s env B=2 a": "a",
    "command -v a": "command",
    "nohup setsid a": "a",
    "exec": None,
}
MODULES = {
    "$PYTHON -u -m a.b": "a.b",
    "python3.11 -um a": "a",
    "/usr/bin/python3 -m a -m b": "a",
    "python3 a.py -m b": None,
    "grep -m 1": None,
}
WRITTEN = {
    "plain": "run: exec a & b\n",
    "quoted": "x: 1\nrun:   'it''s & b'\n",
    "double": 'run: "a \\"\\u0041\\n\\\n  & b"\n',
    "folded": "x:\n  run: >-  # why\n    a\n    b\n\n    & b\n",
    "literal": "x:\n  run: |\n    a && c\n      d & b\n",
    "over lines": "run: a\n  c\n  & b\n",
    "flow": "x: {run: a & b, c: d}\n",
    "JSON": '{"x": 1, "run": "\\ud83d\\ude00 \\t & b"}\n',
}


@pytest.mark.parametrize("script", COMMANDS)
def test_commands_are_what_sh_would_run(script: str) -> None:
    commands = [command for command in read_script(script).commands if command.words]

    assert [[word.text for word in command.words] for command in commands] == COMMANDS[script]


@pytest.mark.parametrize("script", PROGRAMS)
def test_program_is_what_others_hand_over_to(script: str) -> None:
    (command,) = read_script(script).commands
    words = running(command)

    assert (words[0].text if words else None) == PROGRAMS[script]


@pytest.mark.parametrize("script", MODULES)
def test_module_is_only_what_python_runs(script: str) -> None:
    (command,) = read_script(script).commands
    module = python_module(running(command))

    assert (module.text if module else None) == MODULES[script]


@given(st.text("ab $'\"`\\\n;&|()<>{}#=", max_size=40))
def test_no_script_makes_the_reader_fail_and_words_lie_in_it(script: str) -> None:
    for command in read_script(script).commands:
        assert all(0 <= word.start < len(script) for word in command.words)
        assert 0 <= command.end <= len(script)


@pytest.mark.parametrize("style", WRITTEN)
def test_character_of_a_value_is_found_in_the_file(style: str) -> None:
    source = WRITTEN[style]
    entries = read_document(source, Flavor.CLASSIC, is_json=style == "JSON").entries or {}
    value = entries.get("run") or (entries["x"].entries or {})["run"]
    content = str(value.content)

    index = index_of(source, value.place, content, content.rindex("& b"))

    assert index == source.rindex("& b")


def test_value_that_is_not_there_has_no_index() -> None:
    value = (read_document("run: a\n", Flavor.CLASSIC, is_json=False).entries or {})["run"]

    assert index_of("run: b\n", value.place, "a", 0) is None
