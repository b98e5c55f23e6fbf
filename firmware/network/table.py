"""The table of routes at work: which line a request meets, what answers it, and what stands in its path's braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from firmware.network.route import Route
from firmware.network.routes import ROUTES, Answering


class Found(NamedTuple):
    """A line of the table, what answers it, and what stands in its path where the line has braces."""

    route: Route
    answering: Answering
    parts: Mapping[str, str]


class Table:
    """The routes with what answers each. Every line of ROUTES must have one, and nothing else may."""

    def __init__(self, calls: Mapping[str, Answering]) -> None:
        assert {route.call for route in ROUTES} == set(calls), "a route without an answer, or an answer without a route"
        self._paths: dict[str, dict[str, tuple[Route, Answering]]] = {}
        self._open: list[tuple[re.Pattern[str], dict[str, tuple[Route, Answering]]]] = []  # paths with braces
        for route in ROUTES:
            if route.path not in self._paths:
                self._paths[route.path] = {}
                if "{" in route.path:
                    self._open.append((_pattern(route.path), self._paths[route.path]))
            methods = self._paths[route.path]
            assert route.method not in methods, route
            methods[route.method] = (route, calls[route.call])
            if route.method == "GET":
                methods["HEAD"] = methods["GET"]

    def methods(self, path: str) -> tuple[str, ...]:
        """What may be done at a path; nothing: there is no such path."""
        return tuple(self._at(path)[0])

    def find(self, path: str, method: str) -> Found | None:
        methods, parts = self._at(path)
        return Found(*methods[method], parts) if method in methods else None

    def _at(self, path: str) -> tuple[Mapping[str, tuple[Route, Answering]], Mapping[str, str]]:
        """A path without braces comes before one with."""
        if path in self._paths and "{" not in path:
            return self._paths[path], {}
        for pattern, methods in self._open:
            matched = pattern.fullmatch(path)
            if matched is not None:
                return methods, matched.groupdict()
        return {}, {}


def _pattern(path: str) -> re.Pattern[str]:
    """Each name in braces stands for one part that is not empty and no dots alone."""
    parts = [
        f"(?P<{part[1:-1]}>(?!\\.{{1,2}}(?:/|$))[^/]+)" if part.startswith("{") else re.escape(part)
        for part in path.split("/")
    ]
    return re.compile("/".join(parts), re.DOTALL)
