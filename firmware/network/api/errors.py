"""Why the API did not do what was asked, as a problem of RFC 9457. `word` names the kind, and its words (words.py)."""

from __future__ import annotations

from http import HTTPStatus

from firmware.network.errors import NetworkError

NOT_KNOWN = "not_known"  # the kind of problem that says so: it may be done, and whoever was asked has not said


class ApiError(NetworkError):
    """`allowed` is what would have been understood; `more` stands in the problem as it is."""

    def __init__(
        self,
        status: HTTPStatus,
        word: str,
        detail: str = "",
        *,
        allowed: tuple[str, ...] = (),
        retry_s: int = 0,
        more: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{word}: {detail}" if detail else word)
        self.status = status
        self.word = word
        self.detail = detail
        self.allowed = allowed
        self.retry_s = retry_s
        self.more = more or {}
