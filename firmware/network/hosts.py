"""Under which names the page is served: any other may be a rebound DNS answer."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from starlette.requests import Request

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+)(:[0-9]{1,5})?")


def name_in(host: str) -> str | None:
    """The name in a Host header, without its port and brackets; None where it is no such header."""
    matched = _HOST.fullmatch(host)
    return None if matched is None else matched["name"].lower().strip("[]")


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine itself."""
    name = name_in(host)
    if name is None:
        return False
    return name == "localhost" or _is_loopback(name)


class Hosts:
    """Loopback's own names; with `names`, also these, the address of this machine that was connected to, and mDNS's."""

    def __init__(self, names: tuple[str, ...] | None = None, own_name: Callable[[], str] = lambda: "") -> None:
        """`names` None: the page is on loopback, without TLS. `own_name` gives the name that is announced, or ""."""
        self._names = None if names is None else frozenset(name.lower() for name in names)
        self._own_name = own_name

    def serve(self, request: Request) -> bool:
        """Whether the Host header, and there is one, names what is served here."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1:
            return False
        server = (request.scope.get("server") or ("", None))[0].partition("%")[0]
        if self._names is None:
            return is_loopback_host(hosts[0])
        name = name_in(hosts[0])
        if name is None:
            return False
        if name in self._names or name == self._own_name() or _same(name, server):
            return True
        return _is_loopback(server) and is_loopback_host(hosts[0])


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _same(name: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(address)
    except ValueError:
        return False
