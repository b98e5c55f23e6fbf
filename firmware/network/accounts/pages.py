"""The pages about accounts: log in, choose a passphrase, my account, all accounts. They need no script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from firmware.network.accounts import totp
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.desk import AccountDesk, Who
from firmware.network.accounts.errors import AccountError, Busy, Delayed, NotRecorded, Refused, StoreError, Wrong
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.words import Words

RETRY_S = 2  # after Busy
DONE = ("passphrase", "factor_on", "factor_off", "sessions", "roles", "deleted", "out")
_STATUS: dict[type[AccountError], HTTPStatus] = {
    Refused: HTTPStatus.BAD_REQUEST,
    Wrong: HTTPStatus.FORBIDDEN,
    Delayed: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    NotRecorded: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
}
QR_MODULE_PX = 5
QR_QUIET_MODULES = 4  # ISO/IEC 18004 wants as many of light around it


class AccountPages:
    """What answers the routes about accounts."""

    def __init__(self, desk: AccountDesk, rendering: Rendering) -> None:
        self._desk = desk
        self._rendering = rendering
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "login": self._login,
            "log_in": self._log_in,
            "joining": self._joining,
            "join": self._join,
            "log_out": self._log_out,
            "account": self._account,
            "change_passphrase": self._change_passphrase,
            "offer_factor": self._offer_factor,
            "confirm_factor": self._confirm_factor,
            "drop_factor": self._drop_factor,
            "end_others": self._end_others,
            "accounts": self._accounts,
            "make": self._make,
            "change_roles": self._change_roles,
            "reset": self._reset,
            "delete": self._delete,
        }

    # -- whoever has no session yet -----------------------------------------------------------------------------------

    def needed(self, request: Request) -> Response:
        """Whoever has no session is asked to log in, wherever that was."""
        return self._login_page(request, HTTPStatus.UNAUTHORIZED)

    def entered(self, session: Session, request: Request) -> Response:
        """The console's code was right."""
        self._desk.entered(session)
        return self._rendering.opened(session, request)

    async def _login(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._login_page(asked.request, done=_done(asked))

    async def _log_in(self, asked: Asked) -> Response:
        name = asked.field("name")
        try:
            session = await self._desk.log_in(name, asked.field("passphrase"), asked.field("code"), asked.address)
        except AccountError as error:
            return self._failed(error, lambda status, said: self._login_page(asked.request, status, said, name), asked)
        return self._opened(session, asked)

    async def _joining(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._join_page(asked.request)

    async def _join(self, asked: Asked) -> Response:
        name = asked.field("name")
        try:
            session = await self._desk.join(
                name, asked.field("code"), asked.field("new"), asked.field("again"), asked.address
            )
        except AccountError as error:
            return self._failed(error, lambda status, said: self._join_page(asked.request, status, said, name), asked)
        return self._opened(session, asked)

    def _opened(self, session: Session, asked: Asked) -> Response:
        """The session of before, whoever's it was, is over: it is another one that counts from now on."""
        if asked.session is not None:
            self._desk.sessions.end(asked.session)
        return self._rendering.opened(session, asked.request)

    async def _log_out(self, asked: Asked) -> Response:
        self._desk.log_out(asked.person)
        return self._rendering.closed("/login?done=out")

    # -- my account ---------------------------------------------------------------------------------------------------

    async def _account(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._account_page(asked, done=_done(asked))

    async def _change_passphrase(self, asked: Asked) -> Response:
        try:
            session = await self._desk.change_passphrase(
                asked.person, asked.field("passphrase"), asked.field("new"), asked.field("again")
            )
        except AccountError as error:
            return self._failed(error, lambda status, said: self._account_page(asked, status, said), asked)
        return self._rendering.opened(session, asked.request, "/account?done=passphrase")

    async def _offer_factor(self, asked: Asked) -> Response:
        try:
            secret = await self._desk.offer_factor(asked.person, asked.field("passphrase"))
        except AccountError as error:
            return self._failed(error, lambda status, said: self._account_page(asked, status, said), asked)
        address = totp.address(secret, self._desk.site_name, asked.person.name)
        return self._account_page(asked, spelled=totp.spelled(secret), picture=_picture(address))

    async def _confirm_factor(self, asked: Asked) -> Response:
        work = self._desk.confirm_factor(asked.person, asked.field("code"))
        return await self._done(asked, work, "/account?done=factor_on", self._account_page)

    async def _drop_factor(self, asked: Asked) -> Response:
        work = self._desk.drop_factor(asked.person, asked.field("passphrase"), asked.field("code"))
        return await self._done(asked, work, "/account?done=factor_off", self._account_page)

    async def _end_others(self, asked: Asked) -> Response:
        work = self._desk.end_others(asked.person)
        return await self._done(asked, work, "/account?done=sessions", self._account_page)

    # -- all accounts -------------------------------------------------------------------------------------------------

    async def _accounts(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._accounts_page(asked, done=_done(asked))

    async def _make(self, asked: Asked) -> Response:
        roles = asked.form.get("role", ())
        return await self._told(asked, self._desk.make(who_of(asked), asked.field("name"), roles))

    async def _change_roles(self, asked: Asked) -> Response:
        work = self._desk.change_roles(who_of(asked), asked.field("name"), asked.form.get("role", ()))
        return await self._done(asked, work, "/accounts?done=roles", self._accounts_page)

    async def _reset(self, asked: Asked) -> Response:
        return await self._told(asked, self._desk.reset(who_of(asked), asked.field("name")))

    async def _delete(self, asked: Asked) -> Response:
        work = self._desk.delete(who_of(asked), asked.field("name"))
        return await self._done(asked, work, "/accounts?done=deleted", self._accounts_page)

    async def _told(self, asked: Asked, work: Awaitable[str]) -> Response:
        """The page with the code that somebody is invited by."""
        try:
            code = await work
        except AccountError as error:
            return self._failed(error, lambda status, said: self._accounts_page(asked, status, said), asked)
        name = asked.field("name").strip()
        return self._rendering.html("code.html", asked.request, asked.session, "/accounts", name=name, code=code)

    async def _done(
        self, asked: Asked, work: Awaitable[None], path: str, page: Callable[[Asked, HTTPStatus, Said], Response]
    ) -> Response:
        """To `path` once it is done; else the page that it was asked on, with why not."""
        try:
            await work
        except AccountError as error:
            return self._failed(error, lambda status, said: page(asked, status, said), asked)
        return see(path)

    # -- pages --------------------------------------------------------------------------------------------------------

    def _login_page(
        self,
        request: Request,
        status: HTTPStatus = HTTPStatus.OK,
        said: Said = (),
        name: str = "",
        done: str = "",
    ) -> Response:
        return self._rendering.html(
            "login.html",
            request,
            None,
            "/login",
            status,
            desk=self._desk,
            said=said,
            name=name,
            done=done,
            by_code=bool(self._desk.sessions.code),
        )

    def _join_page(
        self, request: Request, status: HTTPStatus = HTTPStatus.OK, said: Said = (), name: str = ""
    ) -> Response:
        return self._rendering.html("join.html", request, None, "/join", status, desk=self._desk, said=said, name=name)

    def _account_page(
        self,
        asked: Asked,
        status: HTTPStatus = HTTPStatus.OK,
        said: Said = (),
        *,
        done: str = "",
        spelled: str = "",
        picture: str = "",
    ) -> Response:
        words = self._rendering.speaker(asked.request).words
        now_s, own = self._now_s(), asked.person
        try:
            account = self._desk.of(own.name)
        except Refused:  # deleted while this was on its way
            return self.needed(asked.request)
        sessions = [(self._session_words(words, each, now_s), each is own) for each in self._desk.sessions.of(own.name)]
        return self._rendering.html(
            "account.html",
            asked.request,
            own,
            "/account",
            status,
            account=_shown(account),
            sessions=sessions,
            said=said,
            done=done,
            spelled=spelled,
            picture=picture,
        )

    def _accounts_page(
        self, asked: Asked, status: HTTPStatus = HTTPStatus.OK, said: Said = (), *, done: str = ""
    ) -> Response:
        return self._rendering.html(
            "accounts.html",
            asked.request,
            asked.session,
            "/accounts",
            status,
            accounts=[_shown(account) for account in self._desk.all()],
            kept=self._desk.kept,
            roles=[role.value for role in Role],
            said=said,
            done=done,
            typed=asked.field("name"),
        )

    def _session_words(self, words: Words, session: Session, now_s: float) -> str:
        return words("session_at", address=session.address, elapsed=words.elapsed(now_s - session.made_s))

    def _failed(self, error: AccountError, page: Callable[[HTTPStatus, Said], Response], asked: Asked) -> Response:
        """The page once more, with what went wrong and what to do next."""
        words = self._rendering.speaker(asked.request).words
        response = page(_STATUS[type(error)], said_of(words, error))
        if isinstance(error, Delayed | Busy):
            response.headers["retry-after"] = str(wait_s_of(error))
        return response


Said = tuple[()] | tuple[str, str]  # what went wrong, and what to do next


def said_of(words: Words, error: AccountError) -> tuple[str, str]:
    """What went wrong, and what to do next."""
    following = f"{error.word}_next" if words.has(f"{error.word}_next") else "try_next"
    return words(error.word), words(following, wait=words.elapsed(wait_s_of(error)))


def wait_s_of(error: AccountError) -> int:
    """For how long whoever asked is to wait."""
    return int(error.wait_s if isinstance(error, Delayed) else RETRY_S) + 1


def who_of(asked: Asked) -> Who:
    return Who(asked.person.name, asked.address, asked.person)


def _done(asked: Asked) -> str:
    """What the address says was done: one of few words, so that nobody else's text stands on the page."""
    said = asked.request.query_params.get("done", "")
    return f"done_{said}" if said in DONE else ""


def _shown(account: Account) -> dict[str, object]:
    """An account as the page may have it: nothing secret."""
    return {
        "name": account.name,
        "roles": [role.value for role in Role if role in account.roles],
        "invited": not account.hash,
        "factor": bool(account.secret),
    }


def _picture(address: str) -> str:
    """The QR code as SVG. Loaded when somebody sets up a second factor first."""
    import segno

    made = segno.make(address, error="m", micro=False)
    return made.svg_inline(
        scale=QR_MODULE_PX, border=QR_QUIET_MODULES, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
