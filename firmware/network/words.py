"""The page's own words, out of the house's catalogues, and which language a browser asks for.

They stand in firmware/locales under "page."; `words("live")` is the text of "page.live".
"""

from __future__ import annotations

from firmware.network.accounts.account import CLIENT, CONSOLE
from firmware.texts import texts

PREFIX = "page."  # of the messages' ids
LANGUAGES = ("en", "zh")
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}
ACCEPT_PARTS_MAX = 16  # of Accept-Language: more is no browser's


class Words:
    """The page's words in one language: `words("live")`, `words("as_of", time="14:03")`."""

    def __init__(self, language: str) -> None:
        assert language in LANGUAGES, language
        self.language = language
        self._texts = texts(language)

    def __call__(self, key: str, **values: object) -> str:
        return self._texts.say(PREFIX + key, **values)

    def has(self, key: str) -> bool:
        """Whether there is such a word: what others say may be newer than these."""
        return self._texts.has(PREFIX + key)

    def actor(self, name: str) -> str:
        """Who did something, for people: by name, and the console and clients of the API in words."""
        if name == CONSOLE:
            return self("console_name")
        return self("client_actor", name=name.removeprefix(CLIENT)) if name.startswith(CLIENT) else name

    def elapsed(self, seconds: float) -> str:
        """A span in its two largest units: 3 h 5 min."""
        left = max(0, int(seconds))
        parts: list[str] = []
        for unit, length_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
            count, left = divmod(left, length_s)
            if count:
                parts.append(self(unit, count=count))
        return " ".join(parts[:2]) if parts else self("seconds", count=0)


def language_for(chosen: str | None, accept: str, otherwise: str) -> str:
    """The language to answer in: the switch's, else the browser's best (RFC 9110, 12.5.4), else the site's."""
    if chosen in LANGUAGES:
        return chosen
    best, best_weight = otherwise, 0.0
    for part in accept.split(",")[:ACCEPT_PARTS_MAX]:
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        primary = tag.split("-")[0]
        weight = _weight(parameters)
        if primary in LANGUAGES and weight > best_weight:
            best, best_weight = primary, weight
    return best if best in LANGUAGES else LANGUAGES[0]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0  # not a weight: as if it were not asked for
    return 1.0
