"""What answers of the API about people share: instants as the desk reads them, and reasons of the controller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from firmware.network.api.errors import ApiError
from firmware.network.api.speaking import missing, part_of, utc_ms_of, utc_of
from firmware.network.people.front import reasons
from firmware.network.routes import Asked
from firmware.network.view import Speaker

REF_CHARACTERS_MAX = 16  # of credentials and local entries
INSTANT_S_MAX = 7_258_118_400  # 2200-01-01, as of times that are typed


def short_part(asked: Asked, name: str) -> str:
    """What stands in the path, of what has a short id. Raises ApiError."""
    part = part_of(asked, name)
    if len(part) > REF_CHARACTERS_MAX:
        raise missing()
    return part


def typed_time(at: datetime | None, field: str) -> str:
    """An instant as the desk reads what is typed, with its offset, to the minute; "" for none. Raises ApiError."""
    if at is None:
        return ""
    utc_ms = utc_ms_of(at)
    utc = None if utc_ms is None or not 0 <= utc_ms < 1000 * INSTANT_S_MAX else utc_of(utc_ms)
    if utc is None:
        raise ApiError(HTTPStatus.CONFLICT, "not_taken", more={"reasons": (f"people_bad_{field}",), "field": field})
    return utc.strftime("%Y-%m-%d %H:%MZ")


def codes(said: Sequence[str]) -> tuple[str, ...]:
    """Reasons for programs: what stands behind a colon names somebody."""
    return tuple(dict.fromkeys(code.partition(":")[0] for code in said))


def reasons_text(speaker: Speaker, said: Sequence[str]) -> str:
    """The same for people; "" where there are none."""
    return reasons(speaker, said) if said else ""
