"""What a credential may do: the words of the roster as the core sees them. Types only.

Times of day are minutes after local midnight; instants are UTC seconds since 1970; durations are milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Factor(StrEnum):
    """One kind of proof a person or vehicle can give (ONVIF: recognition type)."""

    CARD = "card"
    PIN = "pin"
    CODE = "code"  # QR code
    PLATE = "plate"
    FACE = "face"
    TAG = "tag"


class Window(msgspec.Struct, frozen=True, array_like=True):
    """A span of one day, [start, end) in minutes after local midnight, 0 <= start < end <= 1440."""

    start_minute: int
    end_minute: int


class Schedule(msgspec.Struct, frozen=True):
    """Weekly windows with exceptions: on a special day of a kind in `special`, its windows replace the week's."""

    name: str
    week: tuple[tuple[Window, ...], ...]  # seven entries, Monday first
    special: dict[str, tuple[Window, ...]] = {}  # kind of special day -> windows


class Rule(msgspec.Struct, frozen=True):
    """One line of an access profile: these access points, within this schedule."""

    access_points: tuple[str, ...]  # ids; "*" is every access point
    schedule: str  # a schedule's name; "always" is built in


class Profile(msgspec.Struct, frozen=True):
    """An access profile: what its holders may use, and when."""

    name: str
    rules: tuple[Rule, ...]


class Rulebook(msgspec.Struct, frozen=True):
    """The roster's small part, held by the core: profiles, schedules, special days. Credentials stay in the file."""

    version: int
    profiles: dict[str, Profile] = {}
    schedules: dict[str, Schedule] = {}
    special_days: dict[int, str] = {}  # proleptic ordinal of the local date (date.toordinal) -> kind
    areas: dict[str, int] = {}  # area -> places; beside the site's own limit the smaller one holds


class Known(msgspec.Struct, frozen=True, tag=True):
    """A credential the roster knows, with what the ledger remembers of its holder, as intake attaches it to a fact.

    `holder`, `credential` and `household` are the roster's ids, never names.
    """

    holder: str
    credential: str
    roster_version: int
    profiles: tuple[str, ...] = ()
    household: str | None = None
    status: str = "active"  # active, suspended, lost
    suspended_until_s: int | None = None  # of a local suspension: past it, by a known clock, `status` holds no more
    local: bool = False  # enrolled or invited at this controller, not (yet) by the roster
    valid_from_s: int | None = None
    valid_until_s: int | None = None
    use_limit: int | None = None
    duress: bool = False  # the duress variant of a PIN
    visitor: bool = False
    escorted: bool = False  # may pass only together with an escort
    escort: bool = False  # may escort, and is the second person where two are required
    extended: bool = False  # needs longer opening times
    holds_open: bool = False  # may toggle hold-open by presenting twice
    unlocks_first: bool = False  # first-card unlock
    exempt: bool = False  # from anti-passback and occupancy limits (fire brigade, guards)
    vehicle: bool = False  # counts against the household's parking spaces
    second_factors: tuple[Factor, ...] = ()  # other kinds of credential the holder owns
    spaces: int | None = None  # parking spaces of the household; None: no quota
    # From the ledger:
    uses: int = 0
    area: str | None = None  # where the last proven passage led; None: never seen or forgiven
    area_entered_s: int | None = None  # UTC; None where it is unknown
    household_inside: int = 0  # the household's other vehicles on proven passage inside areas with quotas


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """A presentation that the roster does not know. `token` is a keyed pseudonym of what was presented.

    `near`: a plate that differs from some known one by a single look-alike character. Whose that is is not told.
    """

    token: str
    roster_version: int = 0
    near: bool = False


class Wall(msgspec.Struct, frozen=True):
    """Local wall time at one instant, as the calendar gives it."""

    utc_s: int
    day: int  # proleptic ordinal of the local date
    minute: int  # after local midnight
    weekday: int  # 0 is Monday


class Zone(msgspec.Struct, frozen=True):
    """A time zone as data, so that the core needs no file: offsets from UTC and when each begins.

    `offsets_s[0]` holds before `transitions_s[0]`; `offsets_s[i + 1]` holds from `transitions_s[i]`.
    """

    name: str
    offsets_s: tuple[int, ...] = (0,)
    transitions_s: tuple[int, ...] = ()
