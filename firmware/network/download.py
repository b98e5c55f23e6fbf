"""A download that is read while it is taken: as long as whoever asked may have it, and without its end otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.network.errors import NetworkError


class Download(Response):
    """One that breaks off ends without its end, so that a browser says that it is not whole.

    `may` is asked before each further part: whether the session lives still, or the token holds.
    """

    def __init__(self, parts: AsyncIterator[bytes], may: Callable[[], bool], name: str, media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self.headers["content-disposition"] = f'attachment; filename="{name}"'
        self._parts = parts
        self._may = may

    async def __call__(self, _: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for part in self._parts:
                if not self._may():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except NetworkError:
            return  # whoever was asked for the next part went, or has nothing more to say
        await send({"type": "http.response.body", "body": b"", "more_body": False})
