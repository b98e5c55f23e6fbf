"""The label: what an independent library says of the certificate stands on it."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.__main__ import main
from firmware.identity import Identity
from firmware.network.accounts.account import Role
from tests.network.accounts import gate


def digits_on(page: str) -> list[str]:
    """The fingerprints, without their groups."""
    found = re.findall(r"<code>((?:[0-9a-f]{4} ?){16})</code>", page)
    return [text.replace(" ", "") for text in found]


def test_it_has_the_fingerprints_that_a_browser_shows(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path, tls=True) as running:
            page = running.page
            await running.log_in(Role.INSTALLER.value)
            shown = (await page.get("/label")).text
            pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", page.port))
            certificate = x509.load_pem_x509_certificate(pem.encode())
            public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            whole = certificate.public_bytes(Encoding.DER)
            assert digits_on(shown) == [hashlib.sha256(each).hexdigest() for each in (public, whole)]
            assert digits_on(shown)[0] == page.fingerprint
            assert f"https://127.0.0.1:{page.port}/" in html.unescape(shown)
            assert shown.count("<svg") == 1
            told = json.loads((await page.get("/api/v1/label")).body)
            assert told["key_fingerprint"] == hashlib.sha256(public).hexdigest() == page.fingerprint
            assert told["certificate_fingerprint"] == hashlib.sha256(whole).hexdigest()
            assert told["addresses"][-1] == f"https://127.0.0.1:{page.port}/"
            assert told["scanned"] == f"{told['addresses'][0]}#sha256={page.fingerprint}"
            for role in (Role.GUARD, Role.AUDITOR, Role.MANAGER):
                await running.log_in(role.value)
                assert (await page.get("/label")).status == 403
                assert (await page.get("/api/v1/label")).status == 403

    asyncio.run(scene())


def test_without_tls_it_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path) as running:
            await running.log_in(Role.INSTALLER.value)
            shown = await running.page.get("/label", accept_language="en")
            assert shown.status == 200
            assert "nothing to compare" in shown.text
            assert digits_on(shown.text) == []
            told = json.loads((await running.page.get("/api/v1/label")).body)
            assert (told["key_fingerprint"], told["certificate_fingerprint"], told["scanned"]) == ("", "", "")

    asyncio.run(scene())


def test_the_console_tells_it_with_the_claim_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity = Identity.load_or_create(tmp_path / "identity")
    assert main(["account", "label", "--state", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "id": identity.id,
        "key": identity.fingerprint,
        "page_key": "",
        "claim_code": identity.claim_code,
    }
    assert main(["account", "label", "--state", str(tmp_path), "--language", "zh"]) == 0
    assert identity.claim_code in capsys.readouterr().out
    assert main(["account", "label", "--state", str(tmp_path / "nowhere")]) == 1
