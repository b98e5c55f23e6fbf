"""XML from strangers: no document type, no entities, no endless tokens, no endless nesting; expat in small pieces.

Names come as "uri local" or "uri local prefix". Both variants of SpreadsheetML are one here: transitional and strict
(ISO/IEC 29500-1 and -4).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn
from xml.parsers import expat

from firmware.roster.sheets.errors import Unreadable

DEPTH_MAX = 64  # a cell's text stands seven deep
TOKEN_BYTES_MAX = 1 << 20  # of one tag or comment, which expat holds in memory
FEED_BYTES = 1 << 16
NAMES_MAX = 4_096  # different names of elements that are remembered
MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
PACKAGE = ("http://schemas.openxmlformats.org/package/2006/relationships",)
_OURS = (*MAIN, *PACKAGE)
_DAMAGED = "the file is damaged: open it in the spreadsheet program and save it again"

Attributes = dict[str, str]


class Reader:
    """One reading of one part. Subclasses say what an element means; `path` holds the local names down to here.

    Elements of other namespaces stand in `path` as "". Raises Unreadable at anything that is not well-formed.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self.name = ""  # of the element that was begun last, with namespace and prefix
        self.fed = 0  # bytes
        self._locals: dict[str, str] = {}
        self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self._parser.namespace_prefixes = True
        self._parser.buffer_text = True
        self._parser.buffer_size = FEED_BYTES
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def start(self, attributes: Attributes) -> None:
        """An element begins: `path` holds it."""

    def end(self) -> None:
        """An element ends: `path` still holds it."""

    def collect(self, into: Callable[[str], object] | None) -> None:
        """Give the text from here on to `into`, or to nobody."""
        self._parser.CharacterDataHandler = into

    @property
    def at(self) -> int:
        """The byte at which the present element's tag begins."""
        return self._parser.CurrentByteIndex

    def feed(self, piece: bytes, last: bool = False) -> None:
        """Take the next piece of the part."""
        for start in range(0, len(piece), FEED_BYTES) if len(piece) > FEED_BYTES else (0,):
            part = piece[start : start + FEED_BYTES]
            self.fed += len(part)
            try:
                self._parser.Parse(part, last and start + FEED_BYTES >= len(piece))
            except expat.ExpatError as error:
                raise Unreadable(f"its XML is broken ({expat.ErrorString(error.code)})", _DAMAGED) from error
            if self.fed - self._parser.CurrentByteIndex > TOKEN_BYTES_MAX:
                raise Unreadable("a tag in its XML does not end", f"up to {TOKEN_BYTES_MAX} bytes are allowed")

    def _open(self, name: str, attributes: Attributes) -> None:
        local = self._locals.get(name)
        if local is None:
            uri, _, rest = name.partition(" ")
            local = rest.partition(" ")[0] if uri in _OURS else ""
            if len(self._locals) >= NAMES_MAX:
                self._locals.clear()
            self._locals[name] = local
        path = self.path
        path.append(local)
        if len(path) > DEPTH_MAX:
            raise Unreadable("its XML is nested without end", f"up to {DEPTH_MAX} levels are allowed")
        self.name = name
        self.start(attributes)

    def _close(self, _: str) -> None:
        self.end()
        self.path.pop()

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise Unreadable("its XML declares a document type", "no spreadsheet program writes one; save it again")


class _Elements(Reader):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[tuple[str, ...], Attributes]] = []

    def start(self, attributes: Attributes) -> None:
        self.found.append((tuple(self.path), attributes))


def elements(chunks: Iterable[bytes]) -> Iterator[tuple[tuple[str, ...], Attributes]]:
    """(path of local names, attributes) of every element of a small part. Raises Unreadable."""
    reader = _Elements()
    for chunk in as_utf8(chunks):
        reader.feed(chunk)
        yield from reader.found
        reader.found.clear()
    reader.feed(b"", last=True)


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8: a part may also be UTF-16 with its mark (ECMA-376-2, 8.1.4). Raises Unreadable."""
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for chunk in chunks:
        if first and chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            decoder = codecs.getincrementaldecoder("utf-16")()
        first = False
        if decoder is None:
            yield chunk
            continue
        try:
            yield decoder.decode(chunk).encode()
        except UnicodeError as error:
            raise Unreadable("its XML is no UTF-16", _DAMAGED) from error
