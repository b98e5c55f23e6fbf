"""Paths of the API: no id that a site may give meets a line of the table that is not about it."""

from __future__ import annotations

import asyncio
from itertools import combinations
from pathlib import Path

import pytest

from firmware.network.routes import ROUTES
from tests.network.accounts import gate
from tests.network.api_client import call, token_for, words


def meet(one: str, other: str) -> bool:
    """Whether some path is one of both, by their parts."""
    pairs = list(zip(one.split("/"), other.split("/"), strict=False))
    alike = all(a == b or "{" in a + b for a, b in pairs)
    return alike and one.count("/") == other.count("/")


@pytest.mark.attack("api-19")
def test_no_path_is_two_lines_of_the_table_for_one_method() -> None:
    """Or a holder whom an import calls like a line of ours could be neither read nor changed."""
    pairs = [(a, b) for a, b in combinations(ROUTES, 2) if a.method == b.method and meet(a.path, b.path)]
    assert pairs == []
    assert meet("/api/v1/people/search", "/api/v1/people/{holder}"), "what is looked for is found"


def test_an_id_that_is_called_like_a_line_of_another_method_is_met(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path) as running:
            token = await token_for(running, "Property office", "manager")
            for name in ("search", "plate", "choices"):
                for method in ("GET", "PUT"):
                    body = {"revision": 1, "name": "Li Na", "profiles": ["staff"]} if method == "PUT" else None
                    response = await call(running.page, method, f"/api/v1/people/{name}", token, body)
                    assert words(response) == ("not_sent", "503"), (name, method, "there is no desk of people here")
            for name, allowed in (("search", {"POST"}), ("h1", {"GET", "HEAD", "PUT"})):
                response = await call(running.page, "DELETE", f"/api/v1/people/{name}", token)
                assert words(response) == ("method", "405")
                assert set(str(response.header("allow")).split(", ")) == allowed

    asyncio.run(scene())
