"""The one environment of all templates."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tests.conftest import ROOT
from web.templates import STATIC, environment, render

TEMPLATES = sorted((ROOT / "web").glob("*/templates/*"))


def test_every_value_is_escaped_whatever_the_ending() -> None:
    template = environment("report").from_string("{{ name }}")
    assert template.render(name="<b>\"'&") == "&lt;b&gt;&#34;&#39;&amp;"


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("report", "skipped.html")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_template_switches_escaping_off_or_holds_a_script(path: Path) -> None:
    # a page of one file holds its own script, which its policy names by its hash
    text = path.read_text(encoding="utf-8").replace("<script>{{ script }}</script>", "")
    assert "|safe" not in text.replace(" ", "") and "autoescape" not in text
    assert "<script>" not in text and " onclick" not in text and "javascript:" not in text


def test_the_shared_style_asks_for_nothing_else() -> None:
    text = (STATIC / "base.css").read_text(encoding="utf-8")
    assert "@import" not in text and "url(" not in text
    for theme in ("prefers-color-scheme: dark", "prefers-reduced-motion", ":focus-visible"):
        assert theme in text
