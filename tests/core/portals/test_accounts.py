"""What the core tells of accounts of the page: who, by whom and from where, in the erasable part; nothing moves."""

from __future__ import annotations

import pytest

from firmware.core.account_facts import Act, Administered
from firmware.core.accounts import COUNT_MAX, DETAIL_CHARACTERS_MAX, NOTE_CHARACTERS_MAX
from firmware.core.codes import MEANING, Code, Severity
from firmware.core.effects import Body
from firmware.core.refusals import ID_CHARACTERS_MAX
from tests.core.portals.scene import Scene, door

CODES = {
    Act.CLAIMED: (Code.ACCOUNT_CLAIMED, Severity.NOTICE),
    Act.MADE: (Code.ACCOUNT_MADE, Severity.NOTICE),
    Act.ROLES: (Code.ACCOUNT_ROLES, Severity.NOTICE),
    Act.RESET: (Code.ACCOUNT_RESET, Severity.NOTICE),
    Act.DELETED: (Code.ACCOUNT_DELETED, Severity.NOTICE),
    Act.JOINED: (Code.ACCOUNT_JOINED, Severity.NOTICE),
    Act.RECOVERED: (Code.ACCOUNT_RECOVERED, Severity.WARNING),
    Act.PASSPHRASE: (Code.ACCOUNT_PASSPHRASE, Severity.NOTICE),
    Act.FACTOR_ON: (Code.ACCOUNT_FACTOR_ON, Severity.NOTICE),
    Act.FACTOR_OFF: (Code.ACCOUNT_FACTOR_OFF, Severity.NOTICE),
    Act.ENDED: (Code.ACCOUNT_SESSIONS_ENDED, Severity.NOTICE),
    Act.NOT_DONE: (Code.ACCOUNT_NOT_DONE, Severity.WARNING),
    Act.LOGGED_IN: (Code.LOGGED_IN, Severity.INFO),
    Act.LOGGED_OUT: (Code.LOGGED_OUT, Severity.INFO),
    Act.FAILED: (Code.LOGIN_FAILED, Severity.NOTICE),
    Act.LOCKED_OUT: (Code.LOGIN_LOCKED_OUT, Severity.WARNING),
    Act.SEARCHED: (Code.JOURNAL_SEARCHED, Severity.NOTICE),
    Act.EXPORTED: (Code.JOURNAL_EXPORTED, Severity.NOTICE),
    Act.CLIENT_MADE: (Code.CLIENT_MADE, Severity.NOTICE),
    Act.CLIENT_REVOKED: (Code.CLIENT_REVOKED, Severity.NOTICE),
    Act.CLIENT_USED: (Code.CLIENT_USED, Severity.NOTICE),
    Act.EDITED: (Code.ROSTER_EDITED, Severity.NOTICE),
    Act.EDIT_NOT_DONE: (Code.ROSTER_EDIT_NOT_DONE, Severity.WARNING),
    Act.HANDED_IN: (Code.ROSTER_HANDED_IN, Severity.NOTICE),
    Act.LOOKED_UP: (Code.ROSTER_LOOKED_UP, Severity.NOTICE),
    Act.SELFTEST_BEGUN: (Code.SELFTEST_BEGUN, Severity.NOTICE),
    Act.SELFTEST_PAUSED: (Code.SELFTEST_PAUSED, Severity.NOTICE),
    Act.SELFTEST_ENDED: (Code.SELFTEST_ENDED, Severity.NOTICE),
    Act.SELFTEST_DROPPED: (Code.SELFTEST_DROPPED, Severity.NOTICE),
    Act.RESTART_ASKED: (Code.RESTART_ASKED, Severity.NOTICE),
}


def administered(act: Act, issuer: str = "Chen Wei", **more: object) -> Administered:
    fields: dict[str, object] = {"account": "Li Na", "address": "10.0.0.7", "detail": "guard", "count": 3}
    return Administered(issuer, "r1", act=act, **(fields | more))


@pytest.mark.parametrize("act", Act)
def test_each_act_is_one_event_with_who_and_from_where(act):
    s = Scene(door())
    s.take()
    s.do(administered(act))
    assert s.said() == [CODES[act][0].value]
    event = s.events[-1]
    assert (event.code, MEANING[event.code].severity) == CODES[act]
    assert event.body == Body(issuer="Chen Wei", account="Li Na", address="10.0.0.7")
    assert (event.detail, event.count, event.request, event.reasons) == ("guard", 3, "r1", ())
    assert s.changed == set()


@pytest.mark.parametrize("act", Act)
def test_nobodys_name_is_no_administration(act):
    s = Scene(door())
    s.take()
    s.do(administered(act, issuer=""))
    nameless = act in (Act.FAILED, Act.LOCKED_OUT)
    assert s.said() == [CODES[act][0].value if nameless else Code.COMMAND_REFUSED.value]
    assert s.events[-1].reasons == (() if nameless else ("not_allowed",))


def test_what_a_taken_over_network_process_says_is_cut():
    s = Scene(door())
    s.take()
    s.do(administered(Act.MADE, issuer="i" * 999, account="a" * 999, address="9" * 999, detail="d" * 999, count=10**9))
    event = s.events[-1]
    assert len(event.body.issuer) == len(event.body.account) == len(event.body.address) == ID_CHARACTERS_MAX
    assert (len(event.detail), event.count) == (DETAIL_CHARACTERS_MAX, COUNT_MAX)
    s.take()
    s.do(administered(Act.MADE, count=-5))
    assert s.events[-1].count == 1


def test_a_search_says_for_whom_and_why_in_the_part_that_can_be_erased():
    s = Scene(door())
    s.take()
    asked = {"account": "", "detail": "holder", "count": 1, "holder": "p17", "token": "0123456789abcdef"}
    s.do(administered(Act.SEARCHED, note="w" * 999, **asked))
    body = s.events[-1].body
    assert (body.holder, body.token, body.issuer, body.address) == ("p17", "0123456789abcdef", "Chen Wei", "10.0.0.7")
    assert body.note == "w" * NOTE_CHARACTERS_MAX
