"""Who may talk to a local page: only this machine's browser, or whoever holds the token; and what pages may load."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOKEN_HEADER = "X-Review-Token"  # noqa: S105 - the name of a header
TOKEN_COOKIE = "review_token"  # noqa: S105
TOKEN_FIELD = "token"  # noqa: S105
HTTP_PORT = 80
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass
class Guard:
    """Checks each request by its method, its headers and the token.

    Attributes
    ----------
    host : str
        The address that the server listens on.
    port : int
        Its port; known once it listens.
    token : str
        What every call that changes anything must bring, and on another address than loopback every call.
    """

    host: str = LOOPBACK[0]
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def is_public(self) -> bool:
        """Whether others than this machine can reach the server."""
        return self.host not in LOOPBACK

    @property
    def cookie(self) -> str:
        """What the cookie is called that holds the token: browsers share cookies between the ports of a host."""
        return f"{TOKEN_COOKIE}_{self.port}"

    @property
    def address(self) -> str:
        """What to open in a browser."""
        shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(self.host, self.host)  # noqa: S104
        place = f"[{shown}]" if ":" in shown else shown
        query = f"?{TOKEN_FIELD}={self.token}" if self.is_public else ""
        return f"http://{place}:{self.port}/{query}"

    def refusal(self, method: str, headers: Mapping[str, str], brought: str | None) -> str | None:
        """Say why a request is refused; None where it is not.

        Parameters
        ----------
        method : str
            ``GET``, ``POST`` ...
        headers : mapping of str to str
            ``Host``, ``Origin``, ``Sec-Fetch-Site`` and the token's are looked at.
        brought : str or None
            The token of the cookie or the query, which count for reading.
        """
        if not self._is_own_host(headers.get("Host", "")):
            return "this address is not served here"
        origin = headers.get("Origin")
        if origin is not None and not (origin.startswith("http://") and self._is_own_host(origin[len("http://") :])):
            return "calls of other pages are refused"
        is_reading = method in ("GET", "HEAD")
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and (
            not is_reading or headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            return "calls of other pages are refused"
        if not is_reading and not self.is_token(headers.get(TOKEN_HEADER)):
            return f"the token is missing or wrong: reload the page ({TOKEN_HEADER})"
        if is_reading and self.is_public and not self.is_token(brought):
            return "the token is missing or wrong: open the address that the program printed"
        return None

    def is_token(self, text: str | None) -> bool:
        """Tell whether a text is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest((text or "").encode("utf-8", "replace"), self.token.encode("ascii"))

    def _is_own_host(self, text: str) -> bool:
        name, port = _split_port(text)
        if port != self.port:
            return False
        if name in LOOPBACK or name == self.host:
            return True
        return self.is_public and (_is_address(name) or name in (socket.gethostname(), socket.getfqdn()))


def _split_port(text: str) -> tuple[str, int]:
    """Give host and port of a ``Host`` header; port -1 for what is none."""
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        name, port = text, str(HTTP_PORT)
    if not (port.isascii() and port.isdigit() and len(port) < 6):
        return "", -1
    return name.removeprefix("[").removesuffix("]").lower(), int(port)


def _is_address(name: str) -> bool:
    """Tell whether a host is a plain address: only names can be made to mean this machine by someone else."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
