from __future__ import annotations

import pytest

from web.guard import TOKEN_HEADER, Guard

FOREIGN_HOSTS = [
    "evil.example:8765",
    "evil.example",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1:8766",
    "localhost:1",
    "localhost",
    "127.0.0.1.evil.example:8765",
    "evil.example@127.0.0.1:8765",
    "127.0.0.1:8765.evil.example",
    "127.0.0.1:8765:8765",
    "[::1]:9",
    "[::1]",
    "0.0.0.0:8765",
    "192.168.1.7:8765",
    "localhost.:8765",
    "",
    ":8765",
    "127.0.0.1:08765x",
    "127.0.0.1:٨٧٦٥",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "http://evil.example:8765",
    "https://127.0.0.1:8765",
    "http://127.0.0.1:8766",
    "http://127.0.0.1",
    "null",
    "",
    "file://",
    "http://localhost:8765.evil.example",
    "http://127.0.0.1:8765@evil.example",
]


@pytest.fixture
def guard() -> Guard:
    return Guard(port=8765)


def test_a_browser_of_this_machine_may_read(guard: Guard) -> None:
    for host in ("127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST:8765"):
        assert guard.refusal("GET", {"Host": host}, None) is None


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_header_is_refused_port_included(guard: Guard, host: str) -> None:
    for method in ("GET", "POST"):
        assert guard.refusal(method, {"Host": host, TOKEN_HEADER: guard.token}, guard.token) is not None


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_origin_is_refused(guard: Guard, origin: str) -> None:
    headers = {"Host": "127.0.0.1:8765", "Origin": origin, TOKEN_HEADER: guard.token}
    assert guard.refusal("POST", headers, None) is not None


@pytest.mark.parametrize("token", [None, "", "x", "ünlikely"])
def test_a_change_needs_the_token_in_its_header(guard: Guard, token: str | None) -> None:
    headers = {"Host": "127.0.0.1:8765"} | ({} if token is None else {TOKEN_HEADER: token})
    refusal = guard.refusal("POST", headers, guard.token)  # that of the cookie does not count
    assert refusal is not None and "token" in refusal


def test_a_change_with_the_token_is_let_through(guard: Guard) -> None:
    headers = {"Host": "127.0.0.1:8765", "Origin": "http://localhost:8765", TOKEN_HEADER: guard.token}
    assert guard.refusal("POST", headers, None) is None


def test_a_part_of_another_page_is_refused_but_a_link_to_the_page_is_not(guard: Guard) -> None:
    headers = {"Host": "127.0.0.1:8765", "Sec-Fetch-Site": "cross-site"}
    assert guard.refusal("GET", headers | {"Sec-Fetch-Mode": "no-cors"}, None) is not None
    assert guard.refusal("GET", headers | {"Sec-Fetch-Mode": "navigate"}, None) is None


def test_on_another_address_reading_needs_the_token_too() -> None:
    guard = Guard("192.168.1.7", 8765)
    assert guard.is_public and f"?token={guard.token}" in guard.address
    assert guard.refusal("GET", {"Host": "192.168.1.7:8765"}, None) is not None
    assert guard.refusal("GET", {"Host": "192.168.1.7:8765"}, guard.token) is None
    assert guard.refusal("GET", {"Host": "evil.example:8765"}, guard.token) is not None


def test_on_every_address_a_plain_address_is_believed_but_no_name() -> None:
    guard = Guard("0.0.0.0", 8765)
    assert guard.refusal("GET", {"Host": "10.1.2.3:8765"}, guard.token) is None
    assert guard.refusal("GET", {"Host": "[fe80::1]:8765"}, guard.token) is None
    assert guard.refusal("GET", {"Host": "rebound.example:8765"}, guard.token) is not None


def test_the_address_of_this_machine_holds_no_token(guard: Guard) -> None:
    assert guard.address == "http://127.0.0.1:8765/" and not guard.is_public


def test_every_guard_has_a_token_of_its_own() -> None:
    assert Guard().token != Guard().token and len(Guard().token) >= 32


def test_two_pages_on_one_machine_have_cookies_of_their_own() -> None:
    # browsers send a cookie to every port of its host
    assert Guard(port=8765).cookie != Guard(port=8766).cookie
