"""The table of routes at work: which line a request meets, what answers it, and what stands in its path's braces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
        """What may be done at a path, as the document has it: by its own line; nothing: there is no such path."""
        return next((tuple(methods) for methods, _ in self._at(path)), ())

    def find(self, path: str, method: str) -> Found | None:
        """A line of another method hides none: whoever is called like a word of ours is reached all the same."""
        return next((Found(*methods[method], parts) for methods, parts in self._at(path) if method in methods), None)

    def _at(self, path: str) -> Iterator[tuple[Mapping[str, tuple[Route, Answering]], Mapping[str, str]]]:
        """What stands at a path: one without braces comes before those with."""
        if path in self._paths and "{" not in path:
            yield self._paths[path], {}
        for pattern, methods in self._open:
            matched = pattern.fullmatch(path)
            if matched is not None:
                yield methods, matched.groupdict()


def _pattern(path: str) -> re.Pattern[str]:
    """Each name in braces stands for one part that is not empty and no dots alone."""
    parts = [
        f"(?P<{part[1:-1]}>(?!\\.{{1,2}}(?:/|$))[^/]+)" if part.startswith("{") else re.escape(part)
        for part in path.split("/")
    ]
    return re.compile("/".join(parts), re.DOTALL)
