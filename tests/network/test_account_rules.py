"""Accounts, without a page: names, roles, passphrases, second factors, delays. Vectors are those of the standards."""

from __future__ import annotations

import asyncio
import base64
import os
import string
import threading

import pytest

from firmware.network.accounts import invitation, totp
from firmware.network.accounts.account import (
    ACCOUNTS_MAX,
    FIRST,
    Account,
    Role,
    checked_name,
    checked_roles,
    folded,
    with_account,
    with_changed,
    without,
)
from firmware.network.accounts.errors import Busy, Refused
from firmware.network.accounts.hashing import WAITING_MAX, Hasher
from firmware.network.accounts.passphrase import checked, normalised
from firmware.network.accounts.throttle import (
    ACCOUNT_DELAY_S_MAX,
    ADDRESS_DELAY_S_MAX,
    DELAY_FIRST_S,
    FORGOTTEN_S,
    KEYS_MAX,
    TRIES_FREE,
    Throttle,
    source_of,
)

GUARD = frozenset({Role.GUARD})


def refused(word: str) -> pytest.RaisesExc:
    return pytest.raises(Refused, match=f"^{word}$")


# -- names and roles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Chen Wei", "陈伟", "o.brien", "Zoë-2", "  Li Na  ", "a", "wei@gate", "ﬁ"])
def test_names_of_people_are_names(name: str) -> None:
    assert checked_name(name).strip() == checked_name(name) != ""


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "name_length"),
        ("   ", "name_length"),
        ("...", "name_length"),
        ("x" * 41, "name_length"),
        ("ß" * 40, "name_length"),  # twice as long without case
        ("' OR 1=1", "name_letters"),
        ("a\x00b", "name_letters"),
        ("a\u202eb", "name_letters"),
        ("<b>", "name_letters"),
        ("a\nb", "name_letters"),
        ("🚲 a", "name_letters"),
        ("a,b", "name_letters"),
        ("=cmd|a", "name_letters"),
        ("console", "name_taken"),
        ("Ｃonsole", "name_taken"),
    ],
)
def test_other_names_are_refused(name: str, word: str) -> None:
    with refused(word):
        checked_name(name)


def test_names_that_look_the_same_are_the_same() -> None:
    accounts = with_account({}, Account(checked_name("Zoë"), FIRST, "hash"))
    for name in ("zoë", "ZOË", "Zoe\u0308", " zoë "):
        with refused("name_taken"):
            with_account(accounts, Account(checked_name(name), GUARD))


def test_roles() -> None:
    assert checked_roles(["guard", "manager", "guard"]) == {Role.GUARD, Role.MANAGER}
    assert checked_roles(["auditor"]) == {Role.AUDITOR}
    for words, word in ((["auditor", "guard"], "roles_auditor"), ([], "roles_none"), (["root"], "roles_unknown")):
        with refused(word):
            checked_roles(words)


def test_the_last_manager_who_can_log_in_stays() -> None:
    boss = Account("Boss", FIRST, "hash")
    accounts = with_account({}, boss)
    accounts = with_account(accounts, Account("Next", FIRST))  # invited only
    accounts = with_account(accounts, Account("Guard", GUARD, "hash"))
    for changed in (Account("Boss", GUARD, "hash"), Account("Boss", FIRST, "")):
        with refused("last_manager"):
            with_changed(accounts, changed)
    with refused("last_manager"):
        without(accounts, boss)
    accounts = with_changed(accounts, Account("Next", FIRST, "hash"))
    assert set(without(accounts, boss)) == {"next", "guard"}


def test_accounts_are_bounded() -> None:
    accounts: dict[str, Account] = {}
    for number in range(ACCOUNTS_MAX):
        accounts = with_account(accounts, Account(f"guard {number}", GUARD))
    with refused("accounts_full"):
        with_account(accounts, Account("one more", GUARD))


# -- passphrases ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["horse battery gate lamp", "青山 绿水 电梯 月饼 自行车", "aB3$efgh!jkl", "kaffee mit Ümlaut", "x1y2z3w4v5u6t7"],
)
def test_long_passphrases_are_taken_without_rules_about_characters(typed: str) -> None:
    assert checked(typed, typed, "Chen Wei", "North gate") == typed


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("short", "passphrase_short"),
        ("elevenchars", "passphrase_short"),
        ("x" * 129, "passphrase_long"),
        ("tab\tin the middle", "passphrase_long"),
        ("nul\x00in the middle", "passphrase_long"),
        ("aaaaaaaaaaaaaaaa", "passphrase_obvious"),
        ("1212121212121212", "passphrase_obvious"),
        ("Password-2026!", "passphrase_obvious"),
        ("1234 5678 9012", "passphrase_obvious"),
        ("Correct Horse Battery Staple", "passphrase_obvious"),
        ("Ｐａｓｓｗｏｒｄ１２３４５", "passphrase_obvious"),
        ("chen-wei-1987", "passphrase_name"),
        ("ChenWeiChenWei", "passphrase_name"),
        ("north gate 2026", "passphrase_name"),
    ],
)
def test_what_would_be_tried_first_is_refused(typed: str, word: str) -> None:
    with refused(word):
        checked(typed, typed, "Chen Wei", "North gate")


def test_the_same_text_is_the_same_passphrase_on_every_keyboard() -> None:
    """RFC 8265, section 4.2.1: composed, and a no-break or ideographic space is a space."""
    assert normalised("Ku\u0308che\u00a0mit\u3000Licht") == "Küche mit Licht"
    with refused("passphrase_differs"):
        checked("horse battery gate lamp", "horse battery gate lamb")


# -- codes ------------------------------------------------------------------------------------------------------------


def test_a_code_of_an_invitation_fits_as_people_type_it() -> None:
    code = invitation.make()
    letters = set(string.digits + string.ascii_uppercase) - set("ILOU")
    assert set(code.replace("-", "")) <= letters
    assert len(code) == 14
    kept = invitation.digest(code)
    assert code.encode() not in kept
    for typed in (code, code.lower(), code.replace("-", " "), f" {code} ", code.replace("0", "o").replace("1", "l")):
        assert invitation.fits(typed, kept)
    for typed in ("", code[:-1], code[::-1] + "Z", "\ud800"):
        assert not invitation.fits(typed, kept)
    assert not invitation.fits("", b"")
    assert invitation.make() != code


SHARED = b"12345678901234567890"  # RFC 4226, appendix D; RFC 6238, appendix B


def test_codes_of_the_second_factor_are_those_of_rfc_4226() -> None:
    counted = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [totp.code_at(SHARED, counter) for counter in range(10)] == counted


@pytest.mark.parametrize(
    ("utc_s", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_of_the_second_factor_are_those_of_rfc_6238(utc_s: int, code: str) -> None:
    assert totp.code_at(SHARED, utc_s // totp.STEP_S, digits=8) == code
    assert totp.step_of(SHARED, code[2:], utc_s, 0) == utc_s // totp.STEP_S


@pytest.mark.attack("account-01")
def test_a_code_counts_once_and_for_a_step_to_either_side() -> None:
    """RFC 6238, section 5.2: a verifier must not accept the same code twice."""
    step = 59 // 30
    code = totp.code_at(SHARED, step)
    assert totp.step_of(SHARED, code, 59, used=step) is None
    assert totp.step_of(SHARED, code, 59, used=step + 1) is None, "nor an older one than was used"
    assert totp.step_of(SHARED, f"{code[:3]} {code[3:]}", 89, used=0) == step
    assert totp.step_of(SHARED, code, 119, used=0) is None
    assert totp.step_of(SHARED, totp.code_at(SHARED, 2), 59, used=0) == 2
    for typed in ("", "000000", code[:5], code + "0", "２８７０８２", "\ud800"):
        assert totp.step_of(SHARED, typed, 59, used=0) is None


def test_an_app_gets_the_secret_as_it_expects_it() -> None:
    address = totp.address(SHARED, "North gate", "陈伟")
    assert address == (
        "otpauth://totp/Menshen%20North%20gate:%E9%99%88%E4%BC%9F?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Menshen%20North%20gate"
    )
    assert base64.b32decode(totp.spelled(SHARED).replace(" ", "")) == SHARED
    assert len(totp.make_secret()) == 20
    assert totp.make_secret() != totp.make_secret()


# -- hashes -----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("account-02")
def test_hashes_are_argon2id_salted_and_not_reversible() -> None:
    async def scene() -> None:
        hasher = Hasher()
        first, second = await hasher.hash("horse battery gate lamp"), await hasher.hash("horse battery gate lamp")
        assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert first != second
        assert "horse" not in first
        assert await hasher.proves(first, "horse battery gate lamp")
        for kept, typed in ((first, "horse battery gate lamb"), (first, ""), ("", ""), ("", "x"), ("nonsense", "x")):
            assert not await hasher.proves(kept, typed)
        assert not await hasher.proves("", "nobody's passphrase"), "what nobody is compared with opens nothing"
        hasher.close()

    asyncio.run(scene())


@pytest.mark.attack("account-03")
def test_a_flood_of_log_ins_waits_in_a_bounded_row_beside_the_loop() -> None:
    async def scene() -> None:
        hasher = Hasher()
        kept = await hasher.hash("horse battery gate lamp")
        tries = [asyncio.create_task(hasher.proves(kept, f"guess {number}")) for number in range(WAITING_MAX * 4)]
        turns = 0
        while not all(one.done() for one in tries):
            turns += 1
            await asyncio.sleep(0.001)
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(one) for one in outcomes[WAITING_MAX:]] == [Busy] * (WAITING_MAX * 3)
        assert outcomes[:WAITING_MAX] == [False] * WAITING_MAX
        assert turns > WAITING_MAX, "the loop has turned meanwhile"
        (thread,) = [each for each in threading.enumerate() if each.name.startswith("argon2")]
        assert os.getpriority(os.PRIO_PROCESS, thread.native_id) > os.getpriority(os.PRIO_PROCESS, 0)
        assert not hasher.full
        hasher.close()

    asyncio.run(scene())


# -- delays -----------------------------------------------------------------------------------------------------------


def fail(throttle: Throttle, name: str, address: str, now_s: float, exists: bool = True) -> bool:
    assert throttle.wait_s(name, exists, address, now_s) == 0
    return throttle.begin(name, exists, address, now_s)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.attack("account-04")
def test_delays_grow_to_a_limit_and_are_forgotten(exists: bool) -> None:
    """The same for a name that nobody has: who waits learns nothing."""
    throttle = Throttle()
    now_s = 1_000.0
    begun = [fail(throttle, "boss", f"10.0.0.{number}", now_s, exists) for number in range(TRIES_FREE)]
    assert begun == [False] * (TRIES_FREE - 1) + [True]
    waits: list[float] = []
    for number in range(12):
        waits.append(throttle.wait_s("boss", exists, f"10.0.1.{number}", now_s))
        now_s += waits[-1]
        assert not fail(throttle, "boss", f"10.0.1.{number}", now_s, exists)
    assert waits[:4] == [DELAY_FIRST_S, 2 * DELAY_FIRST_S, 4 * DELAY_FIRST_S, 8 * DELAY_FIRST_S]
    assert max(waits) == waits[-1] == ACCOUNT_DELAY_S_MAX
    assert throttle.wait_s("boss", exists, "10.0.9.9", now_s + FORGOTTEN_S) == 0
    assert not fail(throttle, "boss", "10.0.9.9", now_s + FORGOTTEN_S + 1, exists)
    assert throttle.wait_s("boss", exists, "10.0.9.9", now_s + FORGOTTEN_S + 1) == 0, "it begins anew"


def test_an_address_is_delayed_whatever_names_it_tries() -> None:
    throttle = Throttle()
    for number in range(TRIES_FREE):
        fail(throttle, f"name {number}", "10.0.0.1", 0.0, exists=False)
    assert throttle.wait_s("boss", True, "10.0.0.1", 0.0) == DELAY_FIRST_S
    assert throttle.wait_s("boss", True, "10.0.0.2", 0.0) == 0
    now_s = 0.0
    for _ in range(20):
        now_s += throttle.wait_s("boss", True, "10.0.0.1", now_s)
        throttle.begin("boss", True, "10.0.0.1", now_s)
    assert throttle.wait_s("x", False, "10.0.0.1", now_s) == ADDRESS_DELAY_S_MAX


@pytest.mark.attack("account-05")
def test_nobody_can_be_locked_out_from_where_they_use_to_log_in() -> None:
    throttle = Throttle()
    throttle.begin("boss", True, "10.0.0.7", 0.0)
    throttle.succeeded("boss", "10.0.0.7")
    for number in range(50):
        throttle.begin("boss", True, f"10.0.2.{number}", 10.0)
    assert throttle.wait_s("boss", True, "10.0.3.1", 10.0) == ACCOUNT_DELAY_S_MAX
    assert throttle.wait_s("boss", True, "10.0.0.7", 10.0) == 0
    for _ in range(TRIES_FREE):
        throttle.begin("boss", True, "10.0.0.7", 10.0)
    assert throttle.wait_s("boss", True, "10.0.0.7", 10.0) == DELAY_FIRST_S, "its own mistakes count"
    throttle.forget("boss")
    assert throttle.wait_s("boss", True, "10.0.4.4", 10.0) == 0, "the account is another one"


def test_who_has_an_account_guesses_no_other_from_where_both_log_in() -> None:
    """At the gatehouse's computer the manager is known, and a guard's own log-ins forgive nothing of the manager's."""
    throttle = Throttle()
    for name in ("boss", "guard"):
        throttle.begin(name, True, "10.0.0.7", 0.0)
        throttle.succeeded(name, "10.0.0.7")
    for _ in range(TRIES_FREE):
        assert throttle.wait_s("boss", True, "10.0.0.7", 1.0) == 0
        throttle.begin("boss", True, "10.0.0.7", 1.0)
        throttle.begin("guard", True, "10.0.0.7", 1.0)
        throttle.succeeded("guard", "10.0.0.7")
    assert throttle.wait_s("boss", True, "10.0.0.7", 1.0) == DELAY_FIRST_S
    assert throttle.wait_s("guard", True, "10.0.0.7", 1.0) == 0
    throttle.succeeded("boss", "10.0.0.7")
    assert throttle.wait_s("boss", True, "10.0.0.7", 1.0) == 0
    throttle.begin("boss", True, "10.0.0.7", 1.0)
    assert throttle.wait_s("boss", True, "10.0.0.7", 1.0) == 0, "it begins anew"


@pytest.mark.attack("account-06")
def test_a_flood_of_names_and_addresses_takes_bounded_memory_and_frees_no_account() -> None:
    throttle = Throttle()
    for _ in range(TRIES_FREE + 3):
        throttle.begin("boss", True, "10.9.9.9", 0.0)
    for number in range(3 * KEYS_MAX):
        throttle.begin(f"name {number}", False, f"10.1.{number // 256}.{number % 256}", 0.0)
    assert all(len(table) <= KEYS_MAX for table in throttle._tables.values())
    assert throttle.wait_s("boss", True, "10.8.8.8", 0.0) > 0


def test_tries_at_once_are_counted_at_once() -> None:
    throttle = Throttle()
    let_in = 0
    for _ in range(50):
        if throttle.wait_s("boss", True, "10.0.0.1", 0.0) == 0:
            throttle.begin("boss", True, "10.0.0.1", 0.0)
            let_in += 1
    assert let_in == TRIES_FREE


def test_addresses_are_counted_by_whom_they_belong_to() -> None:
    assert source_of("2001:db8:1:2:3::1") == source_of("2001:db8:1:2:ffff::9") != source_of("2001:db8:1:3::1")
    assert source_of("::ffff:10.0.0.1") == source_of("10.0.0.1") == "10.0.0.1"
    assert source_of("fe80::1%eth0") == "fe80::"
    assert source_of("not an address" * 20) == ("not an address" * 20)[:64]


def test_names_fold_whatever_they_are() -> None:
    assert folded("\ud800 X") == "\ud800 x"
