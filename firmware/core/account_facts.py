"""Facts of accounts of the page: who administered what, from where, who logged in, who searched. They move nothing."""

from __future__ import annotations

from enum import StrEnum

from firmware.core.fact import Command


class Act(StrEnum):
    CLAIMED = "claimed"  # the first account was made, by whoever had the claim code
    MADE = "made"
    ROLES = "roles"  # an account has other roles; `detail` says which
    RESET = "reset"  # its passphrase is dead, and it is invited anew
    DELETED = "deleted"
    JOINED = "joined"  # whoever was invited has chosen a passphrase
    RECOVERED = "recovered"  # by a code of the console
    PASSPHRASE = "passphrase"
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    ENDED = "ended"  # all other sessions of an account
    NOT_DONE = "not_done"  # what was told before could not be kept: it is not so
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    FAILED = "failed"  # log-ins; `count` of them
    LOCKED_OUT = "locked_out"  # so many failed that the next ones are not looked at for a while
    SEARCHED = "searched"  # the journal, for what tells who it was; `note` says why
    EXPORTED = "exported"  # the journal, or a part of it
    # of programs that use the API by a token
    CLIENT_MADE = "client_made"  # `detail` says what it may
    CLIENT_REVOKED = "client_revoked"
    CLIENT_USED = "client_used"  # for the first time
    # of the roster's source, by the people process; `holder` says whose, where it is one
    EDITED = "edited"
    EDIT_NOT_DONE = "edit_not_done"  # what was told before is not so
    HANDED_IN = "handed_in"  # a roster is built of the source and goes to the controller
    LOOKED_UP = "looked_up"  # people, for what needs a purpose; `note` says which
    # by installers; `detail` says which portals, which process
    SELFTEST_BEGUN = "selftest_begun"
    SELFTEST_PAUSED = "selftest_paused"
    SELFTEST_ENDED = "selftest_ended"  # with the report's hash
    SELFTEST_DROPPED = "selftest_dropped"
    RESTART_ASKED = "restart_asked"


class Administered(Command, frozen=True, kw_only=True):
    """Somebody administered `account` from `address`, or tried to log in. It takes effect once this is committed.

    `issuer` may be empty only where nobody is logged in (FAILED, LOCKED_OUT); `detail` names no person. Of a search
    `holder` and `token` (a credential's pseudonym) say for whom, and `note` why.
    """

    act: Act
    account: str = ""
    address: str = ""
    detail: str = ""
    count: int = 1
    holder: str = ""
    token: str = ""
    note: str = ""
