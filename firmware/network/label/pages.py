"""The label: addresses, the fingerprints of key and certificate, and both in a picture to be scanned; page and API."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from firmware.network.announce import own_name
from firmware.network.api.operation import Operation
from firmware.network.api.speaking import answer
from firmware.network.certificate import PageCertificate
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings

PATH = "/label"
HTTPS_PORT = 443
GROUP_DIGITS = 4
MODULE_PX = 5
QUIET_MODULES = 4  # ISO/IEC 18004


class Label(msgspec.Struct, frozen=True):
    """What a label says: lasting addresses first; fingerprints (SHA-256) of key and certificate, "" without TLS.

    `scanned` is what stands in the label's QR code.
    """

    site_name: str
    controller: str
    addresses: tuple[str, ...]
    key_fingerprint: str
    certificate_fingerprint: str
    scanned: str


class LabelRoom:
    """`certificate` is set once it is there; without TLS it never is."""

    def __init__(self, live: Live, rendering: Rendering, settings: Settings, port: int) -> None:
        self.certificate: PageCertificate | None = None
        self._live = live
        self._rendering = rendering
        self._settings = settings
        self._port = port

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"label": self._label, "api label": self._told}

    async def close(self) -> None:
        """Nothing is to be ended."""

    async def _label(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._page(asked)

    async def _told(self, asked: Asked) -> Response:
        certificate, welcome = self.certificate, self._live.welcome
        addresses = self._addresses(asked)
        return answer(
            Label(
                site_name=self._settings.site_name,
                controller="" if welcome is None else welcome.id,
                addresses=tuple(addresses),
                key_fingerprint="" if certificate is None else certificate.fingerprint,
                certificate_fingerprint="" if certificate is None else certificate.certificate_fingerprint,
                scanned="" if certificate is None else scanned(addresses, certificate),
            )
        )

    def _page(self, asked: Asked) -> Response:
        certificate, welcome = self.certificate, self._live.welcome
        addresses = self._addresses(asked)
        return self._rendering.html(
            "label.html",
            asked.request,
            asked.person,
            PATH,
            site_name=self._settings.site_name,
            controller="" if welcome is None else welcome.id,
            addresses=addresses,
            key="" if certificate is None else grouped(certificate.fingerprint),
            shown="" if certificate is None else grouped(certificate.certificate_fingerprint),
            picture="" if certificate is None else picture(scanned(addresses, certificate)),
        )

    def _addresses(self, asked: Asked) -> list[str]:
        """The lasting names first; that by which the page was asked for is the last resort."""
        scheme = "http" if self.certificate is None else "https"
        port = "" if self._port == HTTPS_PORT and scheme == "https" else f":{self._port}"
        used = asked.request.url.hostname or ""
        names = dict.fromkeys(filter(None, (*self._settings.names, own_name(self._live), used)))
        return [f"{scheme}://{f'[{name}]' if ':' in name else name}{port}/" for name in names]


def scanned(addresses: list[str], certificate: PageCertificate) -> str:
    """What stands in the picture."""
    return f"{addresses[0]}#sha256={certificate.fingerprint}"


def grouped(digits: str) -> str:
    """A fingerprint as it is compared: groups of four."""
    return " ".join(digits[at : at + GROUP_DIGITS] for at in range(0, len(digits), GROUP_DIGITS))


def picture(text: str) -> str:
    """A QR code as SVG. Loaded when somebody looks at the label first."""
    import segno

    made = segno.make(text, error="m", micro=False)
    return made.svg_inline(
        scale=MODULE_PX, border=QUIET_MODULES, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )


LABEL_OPERATIONS: dict[str, Operation] = {"api label": Operation(Label)}
_SUM = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
_ADDRESS = "https://north-gate.local/"
LABEL_EXAMPLES: tuple[msgspec.Struct, ...] = (
    Label("North gate", "north_gate", (_ADDRESS,), _SUM, _SUM[::-1], f"{_ADDRESS}#sha256={_SUM}"),
)
