"""Accounts by the API: the page's own desk. Whoever changes them has logged in: a client would outlive its token so.

Codes and secrets are shown once, in the answer to what made them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.network.accounts import totp
from firmware.network.accounts.account import NAME_CHARACTERS_MAX, Account, Role
from firmware.network.accounts.desk import AccountDesk
from firmware.network.accounts.errors import AccountError, Busy, Delayed, NotRecorded, Refused, StoreError, Wrong
from firmware.network.accounts.pages import said_of, wait_s_of, who_of
from firmware.network.accounts.passphrase import CHARACTERS_MAX, CHARACTERS_MIN
from firmware.network.api.errors import ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import answer, body_of, missing, part_of, utc_of
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session

T = TypeVar("T")
CODE_CHARACTERS_MAX = 16  # of a second factor, as it is typed
_PACED = (HTTPStatus.TOO_MANY_REQUESTS, *CHANGED)  # whoever guesses waits, and so does whoever changes too much

Roles = Annotated[tuple[Role, ...], Meta(min_length=1, max_length=len(Role))]
Passphrase = Annotated[str, Meta(min_length=1, max_length=CHARACTERS_MAX)]
FactorCode = Annotated[str, Meta(max_length=CODE_CHARACTERS_MAX)]


class AccountShown(msgspec.Struct, frozen=True):
    """An account. `invited`: its person has not chosen a passphrase yet; `factor`: a second factor is on."""

    name: str
    roles: tuple[Role, ...]
    invited: bool
    factor: bool


class Accounts(msgspec.Struct, frozen=True):
    """All accounts by their names. `kept`: accounts can be made and changed here."""

    accounts: tuple[AccountShown, ...]
    kept: bool


class AccountMaking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account. An auditor changes nothing, so that this role stands alone."""

    name: Annotated[str, Meta(min_length=1, max_length=2 * NAME_CHARACTERS_MAX)]
    roles: Roles


class AccountRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All roles from now on. `was` are those that you know of: with other ones nothing is changed."""

    roles: Roles
    was: Roles


class AccountInvited(msgspec.Struct, frozen=True):
    """By `code` its person chooses a passphrase at /join, until then. It is shown here and nowhere else."""

    account: AccountShown
    code: str
    until: datetime | None


class OwnSession(msgspec.Struct, frozen=True):
    """A window that is logged in. `own`: the one that asks."""

    address: str
    since: datetime | None
    own: bool


class OwnAccount(msgspec.Struct, frozen=True):
    """The account that asks."""

    name: str
    roles: tuple[Role, ...]
    factor: bool
    sessions: tuple[OwnSession, ...]


class PassphraseChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passphrase` is that of now, `new` the one from then on."""

    passphrase: Passphrase
    new: Annotated[str, Meta(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX)]


class SessionRenewed(msgspec.Struct, frozen=True):
    """All sessions of before are over; the cookie of the new one comes with this, and here is its token of forms."""

    csrf_token: str


class FactorAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passphrase: Passphrase


class FactorOffered(msgspec.Struct, frozen=True):
    """A secret for an app. It counts once a code of it has come; `address` is what the app reads as a QR code."""

    secret: str
    address: str


class FactorProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: FactorCode


class FactorDrop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passphrase: Passphrase
    code: FactorCode


class AccountApi:
    """What answers the routes of accounts in the API."""

    def __init__(self, desk: AccountDesk, live: Live, rendering: Rendering) -> None:
        self._desk = desk
        self._live = live
        self._rendering = rendering
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api accounts": self._all,
            "api account": self._one,
            "api account make": self._make,
            "api account roles": self._change_roles,
            "api account reset": self._reset,
            "api account delete": self._delete,
            "api own": self._own,
            "api own passphrase": self._change_passphrase,
            "api own factor": self._offer_factor,
            "api own factor on": self._confirm_factor,
            "api own factor off": self._drop_factor,
            "api own sessions end": self._end_others,
        }

    async def close(self) -> None:
        """Nothing of it lasts longer than a request."""

    # -- all accounts -------------------------------------------------------------------------------------------------

    async def _all(self, _: Asked) -> Response:
        return answer(Accounts(tuple(map(_shown, self._desk.all())), self._desk.kept))

    async def _one(self, asked: Asked) -> Response:
        return answer(_shown(self._of(asked)))

    async def _make(self, asked: Asked) -> Response:
        told = body_of(asked, AccountMaking)
        code = await self._done(asked, self._desk.make(who_of(asked), told.name, told.roles))
        made = self._desk.of(told.name)
        place = f"{API}/accounts/{quote(made.name, safe='')}"
        return answer(self._invited(made, code), HTTPStatus.CREATED, {"location": place})

    async def _change_roles(self, asked: Asked) -> Response:
        told = body_of(asked, AccountRoles)
        found = self._of(asked)
        if found.roles != frozenset(told.was):
            raise self._problem(asked, Refused("changed_meanwhile"))
        await self._done(asked, self._desk.change_roles(who_of(asked), found.name, told.roles))
        return answer(_shown(self._of(asked)))

    async def _reset(self, asked: Asked) -> Response:
        body_of(asked, Nothing)
        found = self._of(asked)
        code = await self._done(asked, self._desk.reset(who_of(asked), found.name))
        return answer(self._invited(self._of(asked), code))

    async def _delete(self, asked: Asked) -> Response:
        await self._done(asked, self._desk.delete(who_of(asked), self._of(asked).name))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _of(self, asked: Asked) -> Account:
        try:
            return self._desk.of(part_of(asked, "account"))
        except Refused:
            raise missing() from None

    def _invited(self, account: Account, code: str) -> AccountInvited:
        until_s = account.invited_until_s
        return AccountInvited(_shown(account), code, utc_of(None if until_s is None else until_s * 1000))

    # -- one's own ----------------------------------------------------------------------------------------------------

    async def _own(self, asked: Asked) -> Response:
        own, now_s = asked.person, self._now_s()
        try:
            account = self._desk.of(own.name)
        except Refused as error:  # deleted while this was on its way
            raise ApiError(HTTPStatus.UNAUTHORIZED, "no_token") from error
        sessions = tuple(self._session(each, own, now_s) for each in self._desk.sessions.of(own.name))
        shown = _shown(account)
        return answer(OwnAccount(shown.name, shown.roles, shown.factor, sessions))

    def _session(self, session: Session, own: Session, now_s: float) -> OwnSession:
        now_ms = self._live.utc_ms_at(now_s)
        made_ms = None if now_ms is None else now_ms - round((now_s - session.made_s) * 1000)
        return OwnSession(session.address, utc_of(made_ms), session is own)

    async def _change_passphrase(self, asked: Asked) -> Response:
        told = body_of(asked, PassphraseChange)
        work = self._desk.change_passphrase(asked.person, told.passphrase, told.new, told.new)
        session = await self._done(asked, work, "new")
        renewed = answer(SessionRenewed(self._desk.sessions.form_token(session)))
        return self._rendering.kept(renewed, session, asked.request)

    async def _offer_factor(self, asked: Asked) -> Response:
        told = body_of(asked, FactorAsked)
        secret = await self._done(asked, self._desk.offer_factor(asked.person, told.passphrase))
        address = totp.address(secret, self._desk.site_name, asked.person.name)
        return answer(FactorOffered(totp.spelled(secret), address))

    async def _confirm_factor(self, asked: Asked) -> Response:
        told = body_of(asked, FactorProof)
        await self._done(asked, self._desk.confirm_factor(asked.person, told.code), "code")
        return await self._own(asked)

    async def _drop_factor(self, asked: Asked) -> Response:
        told = body_of(asked, FactorDrop)
        await self._done(asked, self._desk.drop_factor(asked.person, told.passphrase, told.code))
        return await self._own(asked)

    async def _end_others(self, asked: Asked) -> Response:
        body_of(asked, Nothing)
        await self._done(asked, self._desk.end_others(asked.person))
        return await self._own(asked)

    # -- what went wrong ----------------------------------------------------------------------------------------------

    async def _done(self, asked: Asked, work: Awaitable[T], field: str = "") -> T:
        """Raises ApiError, which names the `field` that a refusal is about."""
        try:
            return await work
        except AccountError as error:
            raise self._problem(asked, error, field) from error

    def _problem(self, asked: Asked, error: AccountError, field: str = "") -> ApiError:
        text = " ".join(said_of(self._rendering.speaker(asked.request).words, error))
        if isinstance(error, Delayed | Busy) or error.word == "too_many":
            return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", text, retry_s=wait_s_of(error))
        if isinstance(error, StoreError | NotRecorded):
            return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_recorded", text, retry_s=wait_s_of(error))
        if error.word == "session_over":
            return ApiError(HTTPStatus.UNAUTHORIZED, "no_token", text)
        about = next((name for name in ("name", "roles") if error.word.startswith(f"{name}_")), field)
        more: dict[str, object] = {"reasons": (error.word,), "field": about}
        if isinstance(error, Wrong):
            return ApiError(HTTPStatus.FORBIDDEN, "not_allowed", text, more=more)
        assert isinstance(error, Refused), error
        return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more=more)


def _shown(account: Account) -> AccountShown:
    """Nothing secret of it."""
    roles = tuple(role for role in Role if role in account.roles)
    return AccountShown(account.name, roles, not account.hash, bool(account.secret))


ACCOUNT_OPERATIONS: dict[str, Operation] = {
    "api accounts": Operation(Accounts),
    "api account": Operation(AccountShown),
    "api account make": Operation(
        AccountInvited, body=AccountMaking, status=HTTPStatus.CREATED, once=True, located=True, problems=_PACED
    ),
    "api account roles": Operation(AccountShown, body=AccountRoles, problems=_PACED),
    "api account reset": Operation(AccountInvited, body=Nothing, once=True, problems=_PACED),
    "api account delete": Operation(None, status=HTTPStatus.NO_CONTENT, problems=_PACED),
    "api own": Operation(OwnAccount),
    "api own passphrase": Operation(SessionRenewed, body=PassphraseChange, problems=_PACED),
    "api own factor": Operation(FactorOffered, body=FactorAsked, problems=_PACED),
    "api own factor on": Operation(OwnAccount, body=FactorProof, problems=_PACED),
    "api own factor off": Operation(OwnAccount, body=FactorDrop, problems=_PACED),
    "api own sessions end": Operation(OwnAccount, body=Nothing, problems=_PACED),
}

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_ACCOUNT = AccountShown("Li Na", (Role.MANAGER,), False, True)
_INVITED = AccountShown("Chen Wei", (Role.GUARD,), True, False)
_SPELLED = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"  # RFC 6238, appendix B: "12345678901234567890"
ACCOUNT_EXAMPLES: tuple[msgspec.Struct, ...] = (
    _ACCOUNT,
    Accounts((_ACCOUNT, _INVITED), True),
    AccountMaking("Chen Wei", (Role.GUARD,)),
    AccountRoles((Role.GUARD, Role.INSTALLER), (Role.GUARD,)),
    AccountInvited(_INVITED, "7KQ2-0DM4-XW9H", _AT),
    OwnAccount("Li Na", (Role.MANAGER,), True, (OwnSession("10.0.0.7", _AT, True),)),
    PassphraseChange("horse battery gate lamp", "quiet lantern by the river"),
    SessionRenewed("3tV0mcX7hfb8VZ0yAUV3XWx0pHk"),
    FactorAsked("horse battery gate lamp"),
    FactorOffered(_SPELLED, f"otpauth://totp/Menshen%20North%20gate:Li%20Na?secret={_SPELLED.replace(' ', '')}"),
    FactorProof("287082"),
    FactorDrop("horse battery gate lamp", "287082"),
)
