"""What is in a backup and what never is, as one table; and the list of contents that stands before them in the file.

A part has a kind of the table and a name, and nothing of where it came from: where it goes is decided by the table and
by the site file that is restored, so that no name in a file can lead out of where a restore may write.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec

from firmware.identity import KEY_BYTES

SCHEMA = 2  # 2: names of visitors
MIB = 1 << 20
SITE, NAMED, SOURCE, OVERLAY, ADOPTION, ACCOUNTS = "site", "named", "source", "overlay", "adoption", "accounts"
VISITORS = "visitors"


class Kind(NamedTuple):
    """One kind of part. `place`: where it lies in the state folder; empty: the site file or its folder says it."""

    bytes_max: int
    many: bool = False
    place: str = ""
    database: bool = False  # SQLite: copied while it is in use, proven by itself
    application: int = 0  # of a database: its PRAGMA application_id
    version_max: int = 0  # of a database: the highest PRAGMA user_version that this program reads


# What is backed up. Whoever adds a line raises SCHEMA: a program that does not know a kind would lose it silently.
KINDS: dict[str, Kind] = {
    SITE: Kind(MIB),  # the site file
    NAMED: Kind(64 * MIB, many=True),  # files that it names: readers' keys, cameras' passwords, evaluations, rehearsals
    SOURCE: Kind(2_048 * MIB, place="office.source.db", database=True),  # names, phones, cards, profiles, schedules
    OVERLAY: Kind(4 * MIB, place="roster/overlay"),  # suspensions, enrolments, visitors of this controller
    ADOPTION: Kind(MIB // 64, place="roster/authority"),  # whose rosters it takes; without the community's digest key
    # Of the page: who may log in, as what; passphrases as argon2id digests.
    ACCOUNTS: Kind(64 * MIB, place="network/accounts.db", database=True, application=0x4D4E5341, version_max=1),
    # Who the visitors of the overlay are: firmware/roster/visitor_book.py.
    VISITORS: Kind(64 * MIB, place="people/visitors.db", database=True, version_max=1),
}
# What never is, and why; people read `backup.without.NAME` of the catalogues whenever one is made or put back.
WITHOUT = ("identity", "pins", "faces", "journal", "roster")

COUNTS = (
    "holders",
    "credentials",
    "vehicles",
    "pins",
    "suspensions",
    "enrolled",
    "signers",
    "visitors",
)  # backup.count.*
PARTS_MAX = 1_100  # the site, and two files for each of 512 devices
TOTAL_BYTES_MAX = 4_096 * MIB
LIST_BYTES_MAX = MIB
LENGTH_BYTES = 4

Text = Annotated[str, msgspec.Meta(max_length=1_000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part. `name` is how the site file writes it, of NAMED only; `counts` are for people: how much is in it."""

    kind: Annotated[str, msgspec.Meta(max_length=40)]
    bytes: Count
    sha256: Sha256
    name: Text = ""
    counts: Annotated[dict[str, Count], msgspec.Meta(max_length=20)] = {}


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The list at the head of the content. `made_s` is UTC; `controller` made it; `digest_key_id` made its PINs."""

    schema: int
    menshen: Annotated[str, msgspec.Meta(max_length=64)]
    made_s: Count
    controller: Annotated[str, msgspec.Meta(max_length=64)]
    digest_key_id: Annotated[str, msgspec.Meta(max_length=2 * KEY_BYTES)]
    site: Annotated[str, msgspec.Meta(max_length=64)]
    site_name: Annotated[str, msgspec.Meta(max_length=200)]
    parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=PARTS_MAX)]

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(part.bytes for part in self.parts)

    def has(self, kind: str) -> bool:
        return any(part.kind == kind for part in self.parts)


class SchemaOnly(msgspec.Struct, frozen=True):
    """What is read of a list before the rest, which a newer program may write otherwise."""

    schema: int
