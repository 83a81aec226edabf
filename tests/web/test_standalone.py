"""Pages in one file: the policy lets their own script run, and no name ends the element that holds the content."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from web.standalone import render_standalone

NAME = "</script><script>alert(1)</script>'\"&\u2028"


def content_of_plot(name: str) -> dict[str, object]:
    return {"title": name, "counted": name, "notes": [name], "names": [name]}


@pytest.fixture
def text() -> str:
    return render_standalone("plot", content_of_plot(NAME), "data:")


def test_hostile_names_are_escaped_wherever_they_stand(text: str) -> None:
    assert text.count("<script") == 2 and "alert(1)</script>" not in text
    (held,) = re.findall(r'<script type="application/json" id="content">(.*?)</script>', text, re.DOTALL)
    assert json.loads(held)["names"] == [NAME]


def test_the_policy_names_the_hashes_of_script_and_style(text: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)
    assert policy is not None
    for element in ("script", "style"):
        (body,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{element}-src &#39;sha256-{digest}&#39;" in policy[1].replace("&#43;", "+").replace("&#x2F;", "/")
    assert policy[1].startswith("default-src &#39;none&#39;; img-src data:;")
