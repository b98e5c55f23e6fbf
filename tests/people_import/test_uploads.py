"""A file that comes with a form: exactly its bytes, however they are cut, and an end to whoever sends too slowly."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from firmware.network.forms import FormError
from firmware.network.uploads import PIECE_BYTES_MAX, WINDOW_S, TooLarge, Upload
from tests.network.sending import BOUNDARY, head_of, multipart
from tests.people_import.pages import desk_gate


def upload_of(body: bytes, cuts: list[int], most: int = 1 << 20) -> Upload:
    """Of a body that comes in pieces which end at `cuts`."""
    ends = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
    pieces = [body[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    async def receive() -> dict[str, object]:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    headers = [
        (b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    return Upload(Request({"type": "http", "method": "POST", "headers": headers}, receive), most)


async def taken(body: bytes, cuts: list[int], most: int = 1 << 20) -> tuple[dict[str, tuple[str, ...]], str, bytes]:
    upload = upload_of(body, cuts, most)
    await upload.token()
    fields = dict(await upload.begin())
    pieces = [piece async for piece in upload.pieces()]
    assert all(len(piece) <= PIECE_BYTES_MAX for piece in pieces)
    return fields, upload.file_name, b"".join(pieces)


# Bytes that look like the marks between parts, and any others.
MARKS = st.sampled_from([b"\r\n", b"--", BOUNDARY.encode(), f"\r\n--{BOUNDARY}".encode()[:-1], b"\r\n--", b"\0", b"x"])
FILES = st.lists(st.one_of(MARKS, st.binary(max_size=40)), max_size=30).map(b"".join)


@given(file=FILES, cuts=st.lists(st.integers(0, 1_500), max_size=12))
def test_a_file_comes_as_it_was_sent_however_it_is_cut(file: bytes, cuts: list[int]) -> None:
    if f"\r\n--{BOUNDARY}".encode() in b"\r\n" + file:
        return  # no browser chooses a boundary that stands in the file
    body = multipart([("token", "t"), ("why", "名单")], "a list.csv", file)
    fields, name, found = asyncio.run(taken(body, cuts))
    assert fields == {"token": ("t",), "why": ("名单",)}
    assert name == "a list.csv"
    assert found == file


def test_a_file_that_is_as_large_as_may_be_and_one_byte_more() -> None:
    exact = multipart([("token", "t")], "a", b"x" * 5_000)
    assert len(asyncio.run(taken(exact, [700], most=5_000))[2]) == 5_000
    with pytest.raises(TooLarge):
        asyncio.run(taken(exact, [700], most=4_999))


def test_a_form_that_breaks_off_or_goes_on_is_none() -> None:
    whole = multipart([("token", "t")], "a", b"x" * 500)
    for body in (whole[:-30], whole[:200], whole.replace(b"--\r\n", b"\r\n", 1) + multipart([], "b", b"y")):
        with pytest.raises(FormError):
            asyncio.run(taken(body, []))


@pytest.mark.slow
@pytest.mark.attack("import-04")
def test_whoever_sends_a_byte_a_second_is_ended_and_others_go_on(tmp_path) -> None:
    """Slow loris, with the body of a file: of the file nothing is kept."""

    async def scene() -> None:
        async with desk_gate(tmp_path) as gate:
            body = multipart([("token", await gate.form_token())], "a.csv", b"name,card\r\n" * 10_000)
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
            begun_s = asyncio.get_running_loop().time()
            try:
                writer.write(head_of(gate.page, "/people/import", len(body)) + body[:2_000])
                answering = asyncio.create_task(reader.read())
                for byte in body[2_000 : 2_000 + 2 * int(WINDOW_S)]:
                    writer.write(bytes([byte]))
                    done, _ = await asyncio.wait([answering], timeout=1.0)
                    if done:
                        break
                    assert (await gate.page.get("/journal")).status == 200
                answer = await asyncio.wait_for(answering, 1.0)
            finally:
                writer.close()
            took_s = asyncio.get_running_loop().time() - begun_s
            assert took_s < WINDOW_S + 10
            assert b"came too slowly" in answer
            folder = gate.working.state / "imports"
            assert list(folder.iterdir()) == []

    asyncio.run(scene())
