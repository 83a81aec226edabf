"""R27: what a page's server refuses, what reading changes, and what a page does with hostile names: nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reliability.campaign import Campaign
from tests.reliability.hostile_pages import HOSTILE_PAGES, HostilePage, hostile_names
from tests.reliability.served_pages import SERVED, ServedPage
from tests.web.local_server import Client
from tests.web.review.drawn_work import tree_hash
from web.guard import TOKEN_HEADER

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECRET = b"the content of a file outside"
REFUSED = (308, 400, 403, 404, 405, 409)
EACH = pytest.mark.parametrize("served", SERVED, ids=lambda page: page.name, indirect=True)
OPENED_IN_FAST_RUNS = ("review", "report")  # the tests of the others open them with hostile names too


Served = tuple[ServedPage, Client, Path]


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServedPage, Client, Path]]:
    """A page, what asks its server, and the folder of all its files."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret.txt").write_bytes(SECRET)
    with request.param.serve(folder) as client:
        yield request.param, client, folder


@EACH
def test_paths_that_lead_out_are_not_answered(campaign: Campaign, served: Served) -> None:
    page, client, folder = served
    targets = list(dict.fromkeys(page.traversals(folder)))
    assert len(targets) >= 500
    step = 1 if campaign.is_full else 5
    for attempt, target in zip(campaign.attempts(len(targets[::step]), len(targets)), targets[::step], strict=True):
        with attempt:
            answer = client.get(target)
            assert answer.status in REFUSED, (target, answer.status)
            assert not any(text in answer.body for text in (SECRET, b"root:", b"import ", b"JFIF")), target


def foreign_hosts(port: int) -> list[str]:
    """Give 20 values of ``Host`` that are not the server's own."""
    names = ["evil.example", "127.0.0.1.evil.example", "evil.example@127.0.0.1", "127.1", "2130706433", "0.0.0.0"]
    hosts = [f"{name}:{port}" for name in [*names, "localhost.", "[::ffff:127.0.0.1]", "localhost.localdomain", " "]]
    hosts += ["127.0.0.1", "127.0.0.1:1", f"127.0.0.1:{port + 1}", f"127.0.0.1:0{port}", f"127.0.0.1:{port}:{port}"]
    return hosts + ["localhost", "localhost:80", "[::1]:1", "evil.example", ""]


@EACH
def test_foreign_hosts_are_refused(campaign: Campaign, served: Served) -> None:
    page, client, _ = served
    hosts = foreign_hosts(client.guard.port)
    assert len(set(hosts)) == 20
    for attempt, host in zip(campaign.attempts(len(hosts), len(hosts)), hosts, strict=True):
        with attempt:
            for answer in (client.get("/", Host=host), client.post(*page.change, Host=host)):
                assert answer.status in (400, 403), host
                assert client.guard.token.encode() not in answer.body


def foreign_calls(token: str, port: int) -> list[dict[str, str]]:
    """Give the headers of 20 calls without the token or from another page."""
    tokens = [None, "", "wrong", token[:-1], f"{token}x", token.swapcase(), f" {token}x", "0", "null", token[::-1]]
    origins = ["http://evil.example", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1", "file://"]
    origins += [f"http://127.0.0.1:{port + 1}", f"http://evil.example:{port}", f"http://127.0.0.1:{port}@evil.example"]
    calls: list[dict[str, str]] = [{} if text is None else {TOKEN_HEADER: text} for text in tokens]
    calls += [{TOKEN_HEADER: token, "Origin": origin} for origin in origins]
    return calls + [{TOKEN_HEADER: token, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]


@EACH
def test_changes_without_token_or_from_another_page_are_refused(campaign: Campaign, served: Served) -> None:
    page, client, folder = served
    address, content = page.change
    before = tree_hash(folder)
    calls = foreign_calls(client.guard.token, client.guard.port)
    assert len(calls) == 20
    for attempt, headers in zip(campaign.attempts(len(calls), len(calls)), calls, strict=True):
        with attempt:
            given = {"Content-Type": "application/json"} | headers
            assert client.ask("POST", address, json.dumps(content).encode(), **given).status == 403, headers
            assert tree_hash(folder) == before


@EACH
def test_reading_changes_nothing(campaign: Campaign, served: Served) -> None:
    page, client, folder = served
    for target in (target for target in page.reading if "thumbnail" in target):
        for photo in range(page.num_photos):  # small pictures are made once and kept: they are no state
            client.get(target.format(photo=photo))
    before = tree_hash(folder)
    for attempt in campaign.attempts(fast=50, full=200):
        with attempt:
            assert client.get(page.read(attempt.random)).status < 500
    assert tree_hash(folder) == before


@EACH
def test_every_answer_says_what_pages_may_load_and_lets_no_other_page_read(campaign: Campaign, served: Served) -> None:
    page, client, _ = served
    targets = [target.format(photo=0, other=1, number=0) for target in page.reading] + ["/nothing", "/static/base.css"]
    for attempt, target in zip(campaign.attempts(len(targets), len(targets)), targets, strict=True):
        with attempt:
            headers = client.get(target, Origin=f"http://127.0.0.1:{client.guard.port}").headers
            assert headers["content-security-policy"].startswith("default-src 'self'")
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert not [name for name in headers if name.startswith("access-control")]


@EACH
def test_the_change_that_is_refused_is_made_with_the_token(served: Served) -> None:
    page, client, folder = served
    before = tree_hash(folder)
    assert client.post(*page.change).status == 200
    assert tree_hash(folder) != before


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such names")
@pytest.mark.parametrize("hostile", HOSTILE_PAGES, ids=lambda page: page.name)
def test_hostile_names_are_texts(campaign: Campaign, hostile: HostilePage, page: Page, tmp_path: Path) -> None:
    if not campaign.is_full and hostile.name not in OPENED_IN_FAST_RUNS:
        pytest.skip("opened at full counts")
    names = hostile_names(campaign.count(20, 100))
    asked, shown = [], ""
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda _dialog: pytest.fail("a name was run as a script"))
    with hostile.open(tmp_path, names) as (addresses, own):
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("load")
            page.wait_for_selector(hostile.ready)
            shown += page.content()
            for key in hostile.views:
                page.keyboard.press(key)
                page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                page.wait_for_selector(hostile.ready)
                shown += page.content()
            assert page.evaluate("window.ran") is None
            planted = "[onerror], [onload], svg[onload], img[src=x], main b b, a[href^='javascript:']"
            assert page.locator(planted).count() == 0
        for attempt, name in zip(campaign.attempts(len(names), len(names)), names, strict=True):
            with attempt:
                assert "<" not in name or f">{name}" not in shown
    away = [url for url in asked if not url.startswith((own, "data:", "blob:"))]
    assert not away
    assert any(escape(name, quote=False) in shown for name in names), "no name is shown at all"
    campaign.note(f"{len(asked)} requests, 0 of them elsewhere")
