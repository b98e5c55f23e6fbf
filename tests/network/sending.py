"""Sends a form with a file as a browser does (RFC 7578): its fields in their order, the file last."""

from __future__ import annotations

from collections.abc import Sequence

from tests.network.running import Response, RunningPage, parsed_head

BOUNDARY = "----tests4711BoundaryOfAForm"


def multipart(fields: Sequence[tuple[str, str]], name: str = "", file: bytes = b"", field: str = "sheet") -> bytes:
    """The body of a form; without a file where it has no `name`."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'.encode() + text.encode() + b"\r\n"
        for key, text in fields
    ]
    if name:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: text/csv\r\n\r\n" + file + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def head_of(page: RunningPage, target: str, length: int, **headers: str) -> bytes:
    """The head of such a request."""
    named = {
        "origin": f"http{'s' if page.tls else ''}://127.0.0.1:{page.port}",
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
        "content_length": str(length),
        "connection": "close",
    }
    return page.request("POST", target, **(named | headers)) + b"\r\n"


async def send_file(
    page: RunningPage,
    target: str,
    fields: Sequence[tuple[str, str]] = (),
    *,
    name: str = "list.csv",
    file: bytes = b"name,card\r\n",
    token: str | None = None,
    **headers: str,
) -> Response:
    """Send a form with a file, with the session's token or with this one."""
    if token is None:
        token = await page.token() if page.cookie is not None else ""
    body = multipart([("token", token), *fields], name, file)
    answer = await page.raw(head_of(page, target, len(body), **headers) + body)
    head, _, content = answer.partition(b"\r\n\r\n")
    status, pairs = parsed_head(head)
    return Response(status, pairs, content)
