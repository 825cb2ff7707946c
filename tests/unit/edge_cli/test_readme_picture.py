"""The README's picture: it fetches nothing, and keeps every space."""

import io
import re

from rich.console import Console

from edge_cli.readme.picture import PICTURE, self_contained


def test_exported_screen_fetches_no_font() -> None:
    console = Console(record=True, file=io.StringIO())
    console.print("a  b")
    exported = console.export_svg()
    assert "@font-face" in exported
    svg = self_contained(exported)
    assert "@font-face" not in svg
    assert "url(http" not in svg


def test_picture_in_the_repository_is_such_a_one() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert 'xml:space="preserve"' in svg
    assert "IoT&#160;Core" in svg
    assert "offline" in svg
    assert not re.search(r"@font-face|url\((?!#)", svg)
