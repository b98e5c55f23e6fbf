"""Accounts of the page, as the core has them: what is administered is told, by whom and from where; nothing moves."""

from __future__ import annotations

from firmware.core.account_facts import Act, Administered
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.refusals import ID_CHARACTERS_MAX

DETAIL_CHARACTERS_MAX = 100
NOTE_CHARACTERS_MAX = 200  # a sentence
COUNT_MAX = 1_000_000  # of log-ins that failed within a minute or an outage

_CODE: dict[Act, Code] = {
    Act.CLAIMED: Code.ACCOUNT_CLAIMED,
    Act.MADE: Code.ACCOUNT_MADE,
    Act.ROLES: Code.ACCOUNT_ROLES,
    Act.RESET: Code.ACCOUNT_RESET,
    Act.DELETED: Code.ACCOUNT_DELETED,
    Act.JOINED: Code.ACCOUNT_JOINED,
    Act.RECOVERED: Code.ACCOUNT_RECOVERED,
    Act.PASSPHRASE: Code.ACCOUNT_PASSPHRASE,
    Act.FACTOR_ON: Code.ACCOUNT_FACTOR_ON,
    Act.FACTOR_OFF: Code.ACCOUNT_FACTOR_OFF,
    Act.ENDED: Code.ACCOUNT_SESSIONS_ENDED,
    Act.NOT_DONE: Code.ACCOUNT_NOT_DONE,
    Act.LOGGED_IN: Code.LOGGED_IN,
    Act.LOGGED_OUT: Code.LOGGED_OUT,
    Act.FAILED: Code.LOGIN_FAILED,
    Act.LOCKED_OUT: Code.LOGIN_LOCKED_OUT,
    Act.SEARCHED: Code.JOURNAL_SEARCHED,
    Act.EXPORTED: Code.JOURNAL_EXPORTED,
    Act.CLIENT_MADE: Code.CLIENT_MADE,
    Act.CLIENT_REVOKED: Code.CLIENT_REVOKED,
    Act.CLIENT_USED: Code.CLIENT_USED,
    Act.EDITED: Code.ROSTER_EDITED,
    Act.EDIT_NOT_DONE: Code.ROSTER_EDIT_NOT_DONE,
    Act.HANDED_IN: Code.ROSTER_HANDED_IN,
    Act.LOOKED_UP: Code.ROSTER_LOOKED_UP,
    Act.SELFTEST_BEGUN: Code.SELFTEST_BEGUN,
    Act.SELFTEST_PAUSED: Code.SELFTEST_PAUSED,
    Act.SELFTEST_ENDED: Code.SELFTEST_ENDED,
    Act.SELFTEST_DROPPED: Code.SELFTEST_DROPPED,
    Act.RESTART_ASKED: Code.RESTART_ASKED,
}
_NAMELESS = (Act.FAILED, Act.LOCKED_OUT)


def administered(draft: Draft, fact: Administered) -> None:
    """Tell it. Nobody's name, no administration."""
    nobody = not fact.issuer and fact.act not in _NAMELESS
    body = Body(
        issuer=fact.issuer[:ID_CHARACTERS_MAX] or None,
        account=fact.account[:ID_CHARACTERS_MAX] or None,
        address=fact.address[:ID_CHARACTERS_MAX] or None,
        holder=fact.holder[:ID_CHARACTERS_MAX] or None,
        token=fact.token[:ID_CHARACTERS_MAX] or None,
        note=fact.note[:NOTE_CHARACTERS_MAX] or None,
    )
    draft.record(
        Code.COMMAND_REFUSED if nobody else _CODE[fact.act],
        reasons=(Reason.NOT_ALLOWED,) if nobody else (),
        count=min(max(fact.count, 1), COUNT_MAX),
        detail=fact.detail[:DETAIL_CHARACTERS_MAX],
        body=None if body == Body() else body,
        request=fact.request,
    )
