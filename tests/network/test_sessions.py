"""Sessions and addresses, on their own: what opens one, what ends one, and where the page may listen."""

from __future__ import annotations

import asyncio
import socket

import itsdangerous
import pytest

from firmware.network.accounts.account import CONSOLE, Role
from firmware.network.errors import PageAddressError, PageCodeError
from firmware.network.server import listen, page_address
from firmware.network.sessions import (
    CODE_CHARACTERS_MIN,
    CONSOLE_ABSOLUTE_S_MAX,
    GUARD_ABSOLUTE_S_MAX,
    IDLE_S_MAX,
    SESSIONS_MAX,
    SESSIONS_OF_ONE_MAX,
    SHIFT_S,
    Session,
    Sessions,
    make_code,
)
from firmware.network.words import Words, language_for

CODE = "0123456789abcdef"
HERE = "127.0.0.1"
GUARD = frozenset({Role.GUARD})
MANAGER = frozenset({Role.MANAGER, Role.GUARD})


def entered(sessions: Sessions) -> Session:
    session = sessions.enter(sessions.code, HERE, 0.0)
    assert session is not None
    return session


def test_codes_and_keys_are_made_anew_by_each_process() -> None:
    first, second = Sessions(make_code()), Sessions(make_code())
    assert first.code != second.code
    assert len(first.code) >= CODE_CHARACTERS_MIN
    cookie = first.cookie_of(entered(first))
    assert first.session_of(cookie, 1.0) is not None
    assert second.session_of(cookie, 1.0) is None, "another process has another key"


@pytest.mark.parametrize(("roles", "idle_s"), [(GUARD, SHIFT_S), (MANAGER, IDLE_S_MAX)])
def test_a_session_ends_when_idle_and_lives_while_used(roles: frozenset[Role], idle_s: float) -> None:
    sessions = Sessions()
    cookie = sessions.cookie_of(sessions.open("Chen Wei", roles, HERE, 0.0))
    assert sessions.session_of(cookie, idle_s - 1) is not None
    assert sessions.session_of(cookie, idle_s + 1) is not None
    assert sessions.session_of(cookie, 2 * idle_s + 2) is None
    assert sessions.session_of(cookie, 2 * idle_s) is None, "ended is ended, whatever the clock says"


def test_a_session_ends_however_much_it_is_used() -> None:
    for name, absolute_s in (("Li Na", GUARD_ABSOLUTE_S_MAX), (CONSOLE, CONSOLE_ABSOLUTE_S_MAX)):
        sessions = Sessions(CODE)
        session = entered(sessions) if name == CONSOLE else sessions.open(name, GUARD, HERE, 0.0)
        used_s = 0.0
        while used_s + 3_000 < absolute_s:
            used_s += 3_000
            assert sessions.use(session, used_s), (name, used_s)
        assert not sessions.use(session, absolute_s), name


def test_a_wrong_code_does_not_use_the_right_one_up() -> None:
    sessions = Sessions(CODE)
    for wrong in ("", CODE[:-1], CODE + " ", CODE.upper(), "\u0660" * 16, "\x00" * 16):
        assert sessions.enter(wrong, HERE, 0.0) is None
    assert sessions.enter(CODE, HERE, 0.0) is not None
    assert sessions.enter(CODE, HERE, 0.0) is None


def test_another_code_is_told_once_the_consoles_session_is_over() -> None:
    sessions = Sessions(CODE)
    told: list[str] = []
    sessions.on_code = lambda: told.append(sessions.code)
    session = entered(sessions)
    assert sessions.enter(CODE, HERE, 0.0) is None
    assert told == []
    sessions.end(session)
    assert told == [sessions.code]
    assert sessions.enter(CODE, HERE, 0.0) is None, "the old one is used up"
    again = sessions.enter(sessions.code, HERE, 0.0)
    assert again is not None
    assert not sessions.use(again, SHIFT_S + 1)
    assert len(set(told)) == 2
    assert sessions.enter(told[-1], HERE, SHIFT_S + 1) is not None


def test_without_a_console_no_code_is_right() -> None:
    assert Sessions().enter("", HERE, 0.0) is None


@pytest.mark.attack("page-15")
def test_a_cookie_signed_with_a_guessed_key_is_refused() -> None:
    sessions = Sessions(CODE)
    session = entered(sessions)
    forged = itsdangerous.Signer(b"secret", salt="menshen.network.session").sign(session.id).decode()
    assert sessions.session_of(forged, 0.0) is None
    assert sessions.session_of(sessions.cookie_of(session), 0.0) is session


def test_the_token_of_a_form_is_one_sessions_and_opens_none() -> None:
    sessions = Sessions()
    one, two = (sessions.open("Chen Wei", GUARD, HERE, 0.0) for _ in range(2))
    assert sessions.is_form_token(one, sessions.form_token(one))
    assert not sessions.is_form_token(one, sessions.form_token(two))
    assert not sessions.is_form_token(one, "")
    assert sessions.session_of(f"{one.id}.{sessions.form_token(one)}", 0.0) is None


def test_sessions_are_bounded_in_all_and_for_each() -> None:
    sessions = Sessions(CODE)
    console = entered(sessions)
    for number in range(SESSIONS_OF_ONE_MAX + 3):
        sessions.open("Chen Wei", GUARD, HERE, float(number + 1))
    mine = list(sessions.of("chen wei"))
    assert [session.made_s for session in mine] == [float(number) for number in range(4, SESSIONS_OF_ONE_MAX + 4)]
    assert list(sessions.of(CONSOLE)) == [console], "somebody's many sessions push out nobody else's"
    for number in range(2 * SESSIONS_MAX):
        sessions.open(f"guard {number}", GUARD, HERE, 100.0 + number)
    alive = [number for number in range(2 * SESSIONS_MAX) if list(sessions.of(f"guard {number}"))]
    assert alive == list(range(SESSIONS_MAX, 2 * SESSIONS_MAX))


def test_all_of_an_account_end_at_once_and_windows_are_told() -> None:
    sessions = Sessions(CODE)
    told: list[bool] = []
    one, two, other = (sessions.open(name, GUARD, HERE, 0.0) for name in ("Li Na", "LI NA", "Chen Wei"))
    sessions.on_end = lambda: told.append(True)
    assert sessions.end_of("li na", but=two) == 1
    assert told == [True]
    assert [sessions.use(session, 1.0) for session in (one, two, other)] == [False, True, True]
    sessions.end(two)
    assert [sessions.use(session, 1.0) for session in (one, two, other)] == [False, False, True]


def test_a_weak_code_is_refused_with_what_to_do() -> None:
    with pytest.raises(PageCodeError, match="give at least 16"):
        Sessions("1234")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080, True)),
        ("localhost:0", ("127.0.0.1", 0, True)),
        ("[::1]:8080", ("::1", 8080, True)),
        ("127.8.8.8:65535", ("127.8.8.8", 65535, True)),
        ("0.0.0.0:443", ("0.0.0.0", 443, False)),
        ("192.168.1.5:443", ("192.168.1.5", 443, False)),
        ("[::]:443", ("::", 443, False)),
        ("[::ffff:192.168.1.5]:443", ("::ffff:192.168.1.5", 443, False)),
    ],
)
def test_addresses_are_told_apart_by_whether_they_need_tls(address: str, expected: tuple[str, int, bool]) -> None:
    assert page_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "",
        "127.0.0.1:٨٠",
        "example.org:80",
        ":80",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(PageAddressError, match=r"127\.0\.0\.1"):
        page_address(address)


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(PageAddressError, match="--page"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_an_answer_on_a_kept_connection_waits_for_no_acknowledgement() -> None:
    """Nagle's algorithm is off on what is accepted, as asyncio has it for what it knows to be TCP."""

    async def scene() -> int:
        off: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def made(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            off.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = listen("127.0.0.1", 0)
        async with await asyncio.start_server(made, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            async with asyncio.timeout(10):
                return await off

    assert asyncio.run(scene()) != 0


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


def test_spans_are_said_in_their_two_largest_units() -> None:
    assert Words("en").elapsed(3 * 3600 + 5 * 60 + 7) == "3 h 5 min"
    assert Words("zh").elapsed(0) == "0 秒"
