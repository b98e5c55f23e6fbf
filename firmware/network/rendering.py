"""Turns templates into answers: in the reader's language, with what every page has at its head."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from firmware.network.routes import Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.view import Speaker
from firmware.network.words import HTML_LANGUAGE, LANGUAGE_NAMES, LANGUAGES, language_for

LANGUAGE_COOKIE = "menshen_language"
LANGUAGE_S_MAX = 400 * 86_400  # the longest that browsers keep a cookie


class Rendering:
    """All templates. `speakers` has one for each language; `site_language` is the site's own."""

    def __init__(self, sessions: Sessions, speakers: dict[str, Speaker], site_language: str, cookie: str) -> None:
        """`cookie` is the session cookie's name."""
        self._sessions = sessions
        self._speakers = speakers
        self._site_language = site_language
        self._cookie = cookie
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def speaker(self, request: Request) -> Speaker:
        return self._speakers[self.language(request)]

    def language(self, request: Request) -> str:
        accept = request.headers.get("accept-language", "")
        return language_for(request.cookies.get(LANGUAGE_COOKIE), accept, self._site_language)

    def html(
        self,
        template: str,
        request: Request,
        session: Session | None,
        path: str,
        status: HTTPStatus = HTTPStatus.OK,
        **values: object,
    ) -> Response:
        """A page. `path` is where the switch of languages leads: a page that may be loaded."""
        language = self.language(request)
        html = self._templates.get_template(template).render(
            words=self._speakers[language].words,
            html_language=HTML_LANGUAGE[language],
            languages=[(code, LANGUAGE_NAMES[code], HTML_LANGUAGE[code], code == language) for code in LANGUAGES],
            path=path,
            person=session,
            token="" if session is None else self._sessions.form_token(session),
            **values,
        )
        headers = {"content-language": HTML_LANGUAGE[language], "vary": "accept-language, cookie"}
        return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)

    def switched(self, asked: Asked) -> Response | None:
        """The switch of languages: remember it in this browser and go to the clean address."""
        chosen = asked.request.query_params.get("language")
        if chosen is None:
            return None
        kept = [(name, text) for name, text in asked.request.query_params.multi_items() if name != "language"]
        response = see(asked.request.url.path + ("?" + urlencode(kept) if kept else ""))
        if chosen in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, chosen, max_age=LANGUAGE_S_MAX, path="/", httponly=True, samesite="strict"
            )
        return response

    def opened(self, session: Session, request: Request, path: str = "/") -> Response:
        """To a page, with the cookie of a new session."""
        return self.kept(see(path), session, request)

    def kept(self, response: Response, session: Session, request: Request) -> Response:
        """An answer with the cookie of a new session."""
        response.set_cookie(
            self._cookie,
            self._sessions.cookie_of(session),
            max_age=int(session.absolute_s),
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def closed(self, path: str) -> Response:
        """To a page, without the cookie."""
        response = see(path)
        response.delete_cookie(self._cookie, path="/", httponly=True, samesite="strict")
        return response


def see(path: str) -> Response:
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)
