"""What the API can be asked: its OpenAPI document for programs, and the same as pages by subject for people."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from firmware.network.api.document import document
from firmware.network.api.problems import KINDS
from firmware.network.api.speaking import JSON
from firmware.network.api.subjects import SUBJECTS
from firmware.network.packing import takes_gzip
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.words import Words

_REF = re.compile(r'"#/components/schemas/([^"]+)"')


class DocumentPages:
    """What answers the routes of the document."""

    def __init__(self, rendering: Rendering, cookie: str, portals: tuple[str, ...]) -> None:
        self._rendering = rendering
        self._cookie = cookie
        self._portals = portals
        # As it is sent, pressed together: as text each is ten times as large, and as a tree fifty times.
        self._documents: dict[str, bytes] = {}
        self._making, self._showing = asyncio.Lock(), asyncio.Lock()

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api page": self._page, "api document": self._document}

    async def _document(self, asked: Asked) -> Response:
        packed = await self._document_in(self._rendering.language(asked.request))
        headers = {"vary": "accept-encoding, accept-language, cookie"}
        if takes_gzip(asked.request.headers.get("accept-encoding", "")):
            return Response(packed, media_type=JSON, headers=headers | {"content-encoding": "gzip"})
        return Response(await asyncio.to_thread(gzip.decompress, packed), media_type=JSON, headers=headers)

    async def _page(self, asked: Asked) -> Response:
        """The contents of it all, or, where the address says `of`, all about one subject."""
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        subject = asked.request.query_params.get("of")
        if subject is not None and subject not in SUBJECTS:
            return see("/api")
        packed = await self._document_in(self._rendering.language(asked.request))
        async with self._showing:  # one at a time: the tree of it is large
            return self._shown(asked, subject, await asyncio.to_thread(_unpacked, packed))

    def _shown(self, asked: Asked, subject: str | None, told: dict[str, Any]) -> Response:
        by_subject = _by_subject(told["paths"])
        if subject is None:
            return self._rendering.html(
                "api.html",
                asked.request,
                asked.session,
                "/api",
                info=told["info"],
                schemes=told["components"]["securitySchemes"],
                subjects=by_subject,
                problems=KINDS,
            )
        return self._rendering.html(
            "api_subject.html",
            asked.request,
            asked.session,
            f"/api?of={subject}",
            subject=subject,
            operations=by_subject[subject],
            schemas=_needed(by_subject[subject], told["components"]["schemas"]),
        )

    async def _document_in(self, language: str) -> bytes:
        async with self._making:  # once, however many ask at once: it takes a second of a processor
            if language not in self._documents:
                self._documents[language] = await asyncio.to_thread(self._made, language)
        return self._documents[language]

    def _made(self, language: str) -> bytes:
        return gzip.compress(msgspec.json.encode(document(Words(language), self._cookie, self._portals)), mtime=0)


def _unpacked(packed: bytes) -> Any:
    return msgspec.json.decode(gzip.decompress(packed))


def _by_subject(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str, Any]]]:
    """Path, method and operation of each, by the subject that its tag names; within one in the order of the paths."""
    found: dict[str, list[tuple[str, str, Any]]] = {subject: [] for subject in SUBJECTS}
    for path, methods in paths.items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append((path, method, operation))
    return found


def _needed(operations: object, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that these operations name, and those that they are made of."""
    waiting, found = _named(operations), set[str]()
    while waiting:
        found |= waiting
        waiting = {name for each in waiting for name in _named(schemas[each])} - found
    return {name: schema for name, schema in schemas.items() if name in found}


def _named(told: object) -> set[str]:
    return set(_REF.findall(msgspec.json.encode(told).decode()))
