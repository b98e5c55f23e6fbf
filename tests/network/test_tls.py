"""The page over TLS: its certificate, what it speaks, under which names; plain HTTP leads there and does no more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import async_playwright

from firmware.network.accepting import HANDSHAKE_S_MAX
from firmware.network.certificate import certificate_in
from firmware.network.errors import CertificateError
from tests.network.accounts import gate
from tests.network.fake_controller import health, states, welcome
from tests.network.running import WAIT_S, RunningPage, parsed_head, running_page, settings
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM

ID = "eh7ddx5bksrgcytl"
NAMES = ("gate.example",)


def made(folder: Path, names: tuple[str, ...]) -> x509.Certificate:
    content = asyncio.run(certificate_in(folder, names)).path.read_bytes()
    return x509.load_pem_x509_certificate(content)


def test_the_certificate_is_the_pages_own_and_names_what_it_serves(tmp_path: Path) -> None:
    certificate = made(tmp_path, ("gate.example", "192.0.2.7", "2001:db8::7"))
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["gate.example"]
    assert [str(one) for one in alternatives.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "2001:db8::7"]
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    path = tmp_path / "page.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert asyncio.run(certificate_in(tmp_path, ("gate.example", "192.0.2.7", "2001:db8::7"))).fingerprint == (
        digest.finalize().hex()
    )


def test_other_names_are_a_new_certificate_of_the_same_key(tmp_path: Path) -> None:
    first = asyncio.run(certificate_in(tmp_path, ("one.example",)))
    content = first.path.read_bytes()
    again = asyncio.run(certificate_in(tmp_path, ("one.example",)))
    assert again.path.read_bytes() == content, "nothing is made where it is there"
    second = asyncio.run(certificate_in(tmp_path, ("two.example",)))
    assert second.fingerprint == first.fingerprint
    assert second.path.read_bytes() != content
    second.context()


def open_to_others(path: Path) -> None:
    path.chmod(0o640)


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 100)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("spoil", [open_to_others, garbage, cut])
@pytest.mark.attack("account-21")
def test_a_bad_key_file_is_refused_and_not_made_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    asyncio.run(certificate_in(tmp_path, NAMES))
    path = tmp_path / "page.pem"
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(CertificateError):
        asyncio.run(certificate_in(tmp_path, NAMES)).context()
    assert path.read_bytes() == before


@contextlib.asynccontextmanager
async def secure(folder: Path, **more: object) -> AsyncIterator[RunningPage]:
    first = (welcome(id=ID, fingerprint="f"), states(), health())
    async with running_page(folder, *first, tls=True, site=settings(names=NAMES, **more)) as page:
        yield page


def play(folder: Path, scene: Callable[[RunningPage], Awaitable[None]], **more: object) -> None:
    async def whole() -> None:
        async with secure(folder, **more) as page:
            await scene(page)

    asyncio.run(whole())


def test_the_cookie_is_for_tls_only_and_forms_are_taken(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path, code=None, tls=True) as running:
            entered = await running.log_in("manager")
            assert entered.status == 303
            assert "Secure" in (entered.header("set-cookie") or "").split("; ")
            assert "manager" in (await running.page.get("/accounts")).text
            refused = await running.page.post("/logout", origin=f"http://127.0.0.1:{running.page.port}")
            assert refused.status == 403, "the same host in the clear is another origin"
            window = await running.page.open_window()
            await window.until("view")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8443", 200),
        ("gate.example", 200),
        ("GATE.example:443", 200),
        (f"menshen-{ID}.local", 200),
        ("menshen-aaaaaaaaaaaaaaaa.local", 421),
        ("evil.example", 421),
        ("gate.example.evil.example", 421),
        ("192.0.2.7", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
@pytest.mark.attack("account-22")
def test_only_its_own_names_are_served(tmp_path: Path, host: str, status: int) -> None:
    async def scene(page: RunningPage) -> None:
        assert (await page.ask("GET", "/", host=host)).status == status

    play(tmp_path, scene)


def offered(page: RunningPage, *options: str) -> str:
    """What OpenSSL's own client says of a handshake."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{page.port}", *options]
    done = subprocess.run(words, input="", capture_output=True, text=True, timeout=WAIT_S)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (("-tls1_3",), True),
        (("-tls1_2",), True),
        (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), False),  # no forward secrecy
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"), False),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), False),
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), False),
    ],
)
@pytest.mark.attack("account-23")
def test_only_good_tls_is_spoken(tmp_path: Path, options: tuple[str, ...], taken: bool) -> None:
    async def scene(page: RunningPage) -> None:
        said = await asyncio.to_thread(offered, page, *options)
        assert ("Cipher is (NONE)" not in said and "CONNECTED" in said and "handshake failure" not in said) == taken, (
            said
        )

    play(tmp_path, scene)


def test_plain_http_on_the_pages_own_port_is_led_to_tls_and_is_no_page(tmp_path: Path) -> None:
    """Whoever types the address without https."""

    async def scene(page: RunningPage) -> None:
        tls, page.tls = page.tls, None
        status, pairs = parsed_head(await page.raw(b"GET /login HTTP/1.1\r\nhost: localhost\r\n\r\n"))
        assert (status, dict(pairs)["location"]) == (308, f"https://localhost:{page.port}/login")
        assert "set-cookie" not in dict(pairs)
        form = b"POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 12\r\n\r\npassphrase=x"
        assert parsed_head(await page.raw(form))[0] == 405
        assert (await page.raw(b"\x80\x2e\x01\x00\x02\r\n\r\n")).split(b" ")[1] == b"400"
        page.tls = tls
        assert (await page.get("/login")).status == 200

    play(tmp_path, scene)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_plain_http_beside_it_leads_there_and_takes_nothing(tmp_path: Path) -> None:
    port = free_port()

    async def scene(page: RunningPage) -> None:
        async def ask(request: bytes) -> tuple[int, dict[str, str]]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            async with asyncio.timeout(WAIT_S):
                head = (await reader.read()).partition(b"\r\n\r\n")[0]
            writer.close()
            status, pairs = parsed_head(head)
            return status, dict(pairs)

        status, headers = await ask(b"GET /accounts?code=x HTTP/1.1\r\nhost: Gate.example\r\n\r\n")
        assert (status, headers["location"]) == (308, f"https://gate.example:{page.port}/accounts")
        status, headers = await ask(b"GET //evil.example/%0d%0ax HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert status == 308
        assert headers["location"].startswith(f"https://localhost:{page.port}/")
        assert "set-cookie" not in headers
        assert (await ask(b"GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n"))[0] == 421
        form = b"POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 12\r\n\r\npassphrase=x"
        assert (await ask(form))[0] == 405

    play(tmp_path, scene, redirect_port=port)


@pytest.mark.slow
@pytest.mark.attack("account-24")
def test_a_handshake_that_never_ends_is_let_go(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(HANDSHAKE_S_MAX + 5):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        assert (await page.get("/")).status == 200

    play(tmp_path, scene)


@pytest.mark.slow
@NEEDS_CHROMIUM
def test_a_browser_takes_the_certificate_once_it_trusts_it(tmp_path: Path) -> None:
    """What it would ask a person about is that it does not know the key; nothing else is wrong with it."""

    async def scene(page: RunningPage) -> None:
        certificate = x509.load_pem_x509_certificate((tmp_path / "accounts" / "page.pem").read_bytes())
        digest = hashes.Hash(hashes.SHA256())
        digest.update(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        assert digest.finalize().hex() == page.fingerprint
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            trusting = await browser.new_context(ignore_https_errors=True)
            shown = await trusting.new_page()
            await shown.goto(f"https://127.0.0.1:{page.port}/login")
            assert await shown.title() == "Log in"
            strict = await (await browser.new_context()).new_page()
            with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
                await strict.goto(f"https://127.0.0.1:{page.port}/login")
            await browser.close()

    play(tmp_path, scene)
