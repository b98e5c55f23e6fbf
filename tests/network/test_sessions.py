"""Sessions and addresses, on their own: what opens one, what ends one, and where the page may listen."""

from __future__ import annotations

import itsdangerous
import pytest

from firmware.network.errors import PageAddressError, PageCodeError
from firmware.network.server import listen, loopback_address
from firmware.network.sessions import CODE_CHARACTERS_MIN, SESSION_IDLE_S_MAX, SESSIONS_MAX, Sessions
from firmware.network.words import Words, language_for

CODE = "0123456789abcdef"


def test_codes_and_keys_are_made_anew_by_each_process() -> None:
    first, second = Sessions(), Sessions()
    assert first.code != second.code
    assert len(first.code) >= CODE_CHARACTERS_MIN
    cookie = first.enter(first.code, 0.0)
    assert cookie is not None
    assert first.session_of(cookie, 1.0) is not None
    assert second.session_of(cookie, 1.0) is None, "another process has another key"


def test_a_session_ends_when_idle_and_lives_while_used() -> None:
    sessions = Sessions(CODE)
    cookie = sessions.enter(CODE, 0.0)
    used_s = 0.0
    for _ in range(5):
        used_s += SESSION_IDLE_S_MAX - 1
        assert sessions.session_of(cookie, used_s) is not None
    assert sessions.session_of(cookie, used_s + SESSION_IDLE_S_MAX) is None
    assert sessions.session_of(cookie, used_s) is None, "ended is ended, whatever the clock says"


def test_a_wrong_code_does_not_use_the_right_one_up() -> None:
    sessions = Sessions(CODE)
    for wrong in ("", CODE[:-1], CODE + " ", CODE.upper(), "\u0660" * 16, "\x00" * 16):
        assert sessions.enter(wrong, 0.0) is None
    assert sessions.enter(CODE, 0.0) is not None
    assert sessions.enter(CODE, 0.0) is None


@pytest.mark.attack("page-15")
def test_a_cookie_signed_with_a_guessed_key_is_refused() -> None:
    sessions = Sessions(CODE)
    cookie = sessions.enter(CODE, 0.0)
    assert cookie is not None
    session = cookie.rpartition(".")[0]
    forged = itsdangerous.Signer(b"secret", salt="menshen.network.session").sign(session).decode()
    assert sessions.session_of(forged, 0.0) is None
    assert SESSIONS_MAX >= 1


def test_a_weak_code_is_refused_with_what_to_do() -> None:
    with pytest.raises(PageCodeError, match="give at least 16"):
        Sessions("1234")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("localhost:0", ("127.0.0.1", 0)),
        ("[::1]:8080", ("::1", 8080)),
        ("127.8.8.8:65535", ("127.8.8.8", 65535)),
    ],
)
def test_loopback_addresses_are_taken(address: str, expected: tuple[str, int]) -> None:
    assert loopback_address(address) == expected


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:8080", "192.168.1.5:80", "[::]:8080", "[fe80::1]:80", "[::ffff:192.168.1.5]:80", "example.org:80", ":80"],
)
def test_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(PageAddressError):
        loopback_address(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "", "127.0.0.1:٨٠"]
)
def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(PageAddressError, match=r"127\.0\.0\.1"):
        loopback_address(address)


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(PageAddressError, match="--page"):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("chosen", "accept", "language"),
    [
        (None, "", "en"),
        ("zh", "en", "zh"),
        ("xx", "zh", "zh"),
        (None, "zh-Hans-CN", "zh"),
        (None, "EN;q=0.2,ZH;q=0.3", "zh"),
        (None, "zh;q=0.5,en;q=0.5", "zh"),
        (None, "zh;q=2,en", "zh"),
        (None, "zh;q=nan,en;q=0.1", "en"),
        (None, "zh;q=,en;q=0.1", "en"),
        (None, ";;;,,,q=1;q", "en"),
        (None, ",".join(["fr"] * 1000 + ["zh"]), "en"),
    ],
)
def test_language(chosen: str | None, accept: str, language: str) -> None:
    assert language_for(chosen, accept, "en") == language


def test_both_languages_have_every_word_with_the_same_places() -> None:
    import string

    from firmware.network.words import _WORDS

    for key, texts in _WORDS.items():
        places = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
        assert places[0] == places[1], key
        assert all(text.strip() for text in texts), key
        joins = key in ("title_count", "lane_fact", "lane_device", "lane_spot", "lane_and", "lane_stop")
        assert joins or any("\u4e00" <= letter <= "\u9fff" for letter in texts[1]), key
    assert Words("en").elapsed(3 * 3600 + 5 * 60 + 7) == "3 h 5 min"
    assert Words("zh").elapsed(0) == "0 秒"
