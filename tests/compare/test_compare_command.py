"""`menshen roster compare` as a manager uses it: rosters and sources, names, both languages, and hostile journals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.bench.compare import make
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.identity import Identity
from firmware.journal.schema import DATABASE_FILE
from firmware.journal.store import Stamped, Store
from firmware.roster.build import build
from firmware.roster.source.store import Source

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SITE = SITES / "community_gate.toml"
NOON_MS = 1_795_406_400_000  # 2026-11-23 12:00 in Shanghai, a Monday
DAY_MS = 86_400_000
PURPOSE = ("--purpose", "before the new list is applied")
LET_IN = ("credential_known", "credential_valid", "profile:residents", "schedule_inside:always")
LET_IN += ("factors_complete:card", "granted")


@pytest.fixture
def ask(capsys, monkeypatch):
    """Run the command in this process: (exit status, standard output, standard error)."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        try:
            status = main(["roster", "compare", *(str(word) for word in words)])
        except SystemExit as left:
            status = left.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


class Office:
    """A folder with the demo gate's roster as `old`, a changed one as `new`, and a journal of chosen events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.identity = Identity.load_or_create(folder / "identity")
        self.old = self.build("old", 1)
        self.journal = folder / DATABASE_FILE
        self._number = 0
        first = Stamped(Event(Code.EPOCH_BEGUN), 0, NOON_MS)
        self._store = Store.create(self.journal, 1, first, "boot")
        self.happened(Event(Code.ROSTER_REPLACED, detail="version 1"))

    def build(
        self, name: str, version: int, *changes: tuple[str, str], rules: tuple[tuple[str, str], ...] = ()
    ) -> Path:
        tables = []
        for source, changed in (("holders.csv", changes), ("rules.toml", rules)):
            text = (SITES / source).read_text()
            for before, after in changed:
                assert text.count(before) == 1, before
                text = text.replace(before, after)
            tables.append(self.folder / f"{name}.{source}")
            tables[-1].write_text(text)
        build(*tables, self.folder / name, self.identity, version=version, created_s=0)
        return self.folder / name

    def token(self, card: str) -> str:
        return self.identity.pseudonym("card", card)

    def happened(self, *events: Event, at_ms: int | None = NOON_MS) -> None:
        """Append events, a second apart."""
        rows = []
        for event in events:
            self._number += 1
            stamp = None if at_ms is None else at_ms + 1000 * self._number
            rows.append(Stamped(event, 1000 * self._number, stamp))
        with self._store.transaction():
            self._store.append(rows, "boot")

    def granted(self, holder: str = "resident", card: str = "H10301:12:34567", point: str = "hall_in", **more) -> Event:
        body = Body(holder=holder, credential=self.token(card))
        at = {"portal": "hall", "access_point": point, "reader": "hall_in_reader", "reasons": LET_IN, "body": body}
        return Event(**{"code": Code.GRANTED, **at, **more})

    def stranger(self, card: str) -> Event:
        body = Body(token=self.token(card))
        at = {"portal": "hall", "access_point": "hall_in", "reader": "hall_in_reader"}
        return Event(Code.UNKNOWN_CREDENTIAL, **at, reasons=("credential_not_found",), body=body)

    def erase_last_body(self) -> None:
        """As an erasure leaves a row: no body, no salt, a commitment."""
        with self._store.transaction():
            self._store.db.execute(
                "UPDATE events SET body = NULL, salt = NULL, commitment = ? WHERE seq = ?", (bytes(32), self._store.seq)
            )

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def office(tmp_path: Path):
    made = Office(tmp_path)
    yield made
    made.close()


def test_a_month_made_by_hand_has_the_planted_differences_and_no_others(tmp_path: Path, ask):
    """The bench's journal, small: what has to come out is counted while it is made. Seed 30, in bench/compare.py."""
    made = make(tmp_path, days=2, passages=2_000, holders=1_000)
    assert made.differently["refused"] > 200
    assert made.differently["let_in"] > 2
    status, out, _ = ask(made.old, made.new, "--journal", made.journal, "--state", made.state, "--json", *PURPOSE)
    said = json.loads(out)
    assert status == 1
    assert {change: count for change, count in said["by_change"].items() if count} == dict(made.differently)
    assert said["presentations"] == said["compared"] == said["agreed"] == made.presentations


def test_the_same_roster_changes_nothing(office: Office, ask):
    office.happened(office.granted(), office.stranger("H10301:1:1"))
    status, out, _ = ask(office.old, office.old, "--journal", office.journal, "--state", office.folder, *PURPOSE)
    assert status == 0
    assert "Nobody would be let in or refused differently" in out
    assert "before the new list is applied" in out


def test_whoever_would_come_in_stands_first_and_is_marked(office: Office, ask):
    new = office.build("new", 2, ("resident,b1-0101", "newcomer,b1-0101"), ("H10301:12:34568", "H10301:1:1"))
    office.happened(office.granted("neighbour", "H10301:12:34568"), office.stranger("H10301:1:1"), office.granted())
    words = (office.old, new, "--journal", office.journal, "--site", SITE, "--state", office.folder, *PURPOSE)
    status, out, _ = ask(*words)
    assert status == 1
    lines = [line for line in out.splitlines() if "hall_in" in line]
    assert [line[:2] for line in lines] == ["! ", "  "]
    assert "neighbour" in lines[0]  # whose card the stranger's is now
    assert "It is not on the roster" in lines[0]
    assert "2026-11-23 12:00:03+08:00" in lines[0]
    status, out, _ = ask(*words, "--language", "zh")
    assert "持有人" in out
    assert "! neighbour" in out
    said = json.loads(ask(*words, "--json")[1])
    assert [each["change"] for each in said["differences"]] == ["let_in", "refused"]
    assert said["differences"][0]["row"] == "1:4"
    assert said["purpose"] == PURPOSE[1]


@pytest.mark.parametrize(
    ("rules", "differently"),
    [
        ((), 0),
        ((('every_day = ["06:00-23:00"]', 'every_day = ["06:00-12:00"]'),), 1),  # visitors come by day
        ((('every_day = ["06:00-23:00"]', 'every_day = ["06:00-13:00"]'),), 0),
        ((("[special_days]\n", '[special_days]\nclosed = ["2026-11-23"]\n'),), 0),  # no schedule speaks of such days
        (
            (
                ("[special_days]\n", '[special_days]\nclosed = ["2026-11-23"]\n'),
                ('every_day = ["06:00-23:00"]\n', 'every_day = ["06:00-23:00"]\n[schedule.special]\nclosed = []\n'),
            ),
            1,
        ),
    ],
)  # fmt: skip
def test_a_rule_that_changes_is_found_wherever_it_stands(rules, differently, office: Office, ask):
    by_day = {"profile:residents": "profile:visitors", "schedule_inside:always": "schedule_inside:day"}
    reasons = tuple(by_day.get(reason, reason) for reason in LET_IN)
    office.happened(office.granted("visitor", "H10301:12:50001", reasons=reasons), office.granted())
    new = office.build("new", 2, rules=rules)
    words = (office.old, new, "--journal", office.journal, "--state", office.folder, *PURPOSE, "--json")
    for more in ((), ("--site", SITE)):
        said = json.loads(ask(*words, *more)[1])
        assert said["agreed"] == said["compared"] == 2
        assert said["differently"] == differently
        assert [each["holder"] for each in said["differences"]] == ["visitor"] * differently


def test_what_the_window_and_the_holder_leave_out(office: Office, ask):
    found = ("careless,b2-0402,residents,,lost", "careless,b2-0402,residents,,")
    barred = ("resident,b1-0101,residents,holds_open,", "resident,b1-0101,residents,holds_open,suspended")
    new = office.build("new", 2, found, barred)
    lost = office.granted(
        "careless", "H10301:12:40404", code=Code.DENIED, reasons=("credential_known", "credential_lost")
    )
    office.happened(office.granted())
    office.happened(lost, at_ms=NOON_MS + 40 * DAY_MS)
    office.happened(office.granted(), at_ms=NOON_MS + 41 * DAY_MS)
    office.happened(lost, at_ms=None)  # the clock was unknown
    words = (office.old, new, "--journal", office.journal, "--state", office.folder, *PURPOSE, "--json")

    def counts(*more: object) -> tuple[int, int]:
        said = json.loads(ask(*words, *more)[1])
        return said["presentations"], said["differently"]

    assert counts() == (3, 3)  # the last 30 days
    assert counts("--days", "100") == (4, 4)
    assert counts("--since", "2026-11-23", "--until", "2026-11-24") == (1, 1)
    assert counts("--days", "100", "--holder", "careless") == (2, 2)
    assert counts("--days", "100", "--holder", "nobody") == (0, 0)


def test_a_suspension_at_the_controller_holds_under_any_roster(office: Office, ask):
    """The roster in service said active, and the card was refused: that was local, and no roster lets it in."""
    refused = office.granted(code=Code.DENIED, reasons=("credential_known", "credential_suspended"))
    local = office.granted("resident", "H10301:7:7", reasons=("credential_known", "local_entry", *LET_IN[1:]))
    office.happened(refused, local)
    new = office.build("new", 2, ("neighbour,b1", "other,b1"))
    words = (office.old, new, "--journal", office.journal, "--state", office.folder, *PURPOSE, "--json")
    said = json.loads(ask(*words)[1])
    assert (said["local"], said["differently"], said["agreed"]) == (2, 0, 2)
    # The same refusal under a roster that is not the old one may have been that roster's own.
    office.happened(Event(Code.ROSTER_REPLACED, detail="version 9"), refused)
    said = json.loads(ask(*words)[1])
    assert said["other_versions"] == {"9": 1}
    assert said["disagreed"] == {"credential_suspended / granted": 1}


def test_everything_that_was_presented_is_accounted_for(office: Office, ask):
    """Sums of floods, erased persons, PINs of nobody, refusals without a decision: counted, never guessed."""
    at = {"portal": "hall", "access_point": "hall_in", "reader": "hall_in_reader"}
    office.happened(
        office.granted(),
        office.stranger("H10301:1:1"),
        Event(Code.UNKNOWN_CREDENTIAL, **at, reasons=("pin_wrong",)),
        Event(Code.DENIED, **at, reasons=("pin_locked_out",)),
        Event(Code.DENIED, **at, reasons=("dialog_expired",)),
        office.granted(code=Code.DENIED, reasons=("sighting_stale",)),
        Event(Code.DENIED_SUM, reader="hall_in_reader", count=7, detail="unknown=6 denied=1"),
        office.granted("resident"),
    )
    office.erase_last_body()
    words = (office.old, office.old, "--journal", office.journal, "--state", office.folder, *PURPOSE)
    status, out, _ = ask(*words, "--json")
    said = json.loads(out)
    assert status == 0
    counts = {name: said[name] for name in ("compared", "strangers", "nameless", "undecided", "summed", "erased")}
    assert counts == {"compared": 2, "strangers": 1, "nameless": 1, "undecided": 3, "summed": 7, "erased": 1}
    assert said["presentations"] == 2 + 1 + 3 + 7 + 1
    assert "7 refusals of floods" in ask(*words)[1]


def test_a_source_is_built_aside_and_gives_the_names(office: Office, tmp_path: Path, ask):
    path = tmp_path / "office.db"
    with Source.create(path, time_zone="Asia/Shanghai") as source, source.batch("edit", "me", "made", 0) as batch:
        batch.db.execute("INSERT INTO profile VALUES ('residents', ?)", (
            json.dumps([{"access_points": ["*"], "schedule": "always"}]),))  # fmt: skip
        batch.db.execute(
            "INSERT INTO holder (id, name, profiles) VALUES ('resident', ?, '[\"residents\"]')", ("王\x1b[31m小明",)
        )
        batch.db.execute(
            "INSERT INTO credential (kind, key, holder, status) VALUES (1, 'H10301:12:34567', 'resident', 1)"
        )
    office.happened(office.granted())
    before = path.read_bytes()
    words = (office.old, path, "--journal", office.journal, *PURPOSE)
    status, _, err = ask(*words)
    assert status == 2
    assert "--state" in err
    status, out, err = ask(*words, "--state", office.folder, "--source", path)
    assert status == 1, err
    assert "小明 (resident)" in out
    assert "\x1b" not in out
    assert path.read_bytes() == before
    assert not [*tmp_path.glob("menshen-compare-*")]


def test_a_state_folder_is_journal_and_trust_in_one(office: Office, ask):
    """README gives the controller's folder once: `compare DIR/roster/roster office.db --journal DIR`."""
    path = office.folder / "office.db"
    with Source.create(path, time_zone="Asia/Shanghai"):
        pass
    office.happened(office.granted())
    status, out, err = ask(office.old, path, "--journal", office.folder, *PURPOSE)
    assert (status, err) == (1, ""), out
    assert "nobody said whose key to trust" not in out
    foreign = ask(office.old, office.old, "--journal", office.folder, "--key", "00" * 32, *PURPOSE)
    assert foreign[0] == 2, "a key that is given is the only one that counts"


@pytest.mark.parametrize(("language", "words"), [("en", "no presentation"), ("zh", "日志中没有符合条件的刷验")])
def test_nothing_to_compare_is_said_and_not_taken_for_an_answer(office: Office, ask, language: str, words: str):
    """A mistyped holder must not read as "nobody would be refused"."""
    office.happened(office.granted())
    command = (office.old, office.old, "--journal", office.folder, *PURPOSE, "--language", language)
    assert words not in ask(*command)[1]
    status, out, _ = ask(*command, "--holder", "residnet")
    assert status == 0
    assert words in out
    for misleading in ("Nobody would", "均无变化", "unknown", "未知"):
        assert misleading not in out


def test_what_cannot_be_compared_is_said(office: Office, tmp_path: Path, ask):
    words = (office.old, office.old, "--journal", office.journal, *PURPOSE)
    assert ask(office.old, office.old, "--journal", office.journal)[0] == 2  # no purpose
    assert ask(*words, "--since", "2026-11-23", "--until", "2026-11-23")[0] == 2
    assert ask(*words, "--limit", "0")[0] == 2
    assert ask(office.old, tmp_path / "gone", "--journal", office.journal, *PURPOSE)[0] == 2
    assert ask(office.old, office.old, "--journal", tmp_path / "gone", *PURPOSE)[0] == 2
    assert ask(*words, "--key", "00" * 32)[0] == 2
    status, out, _ = ask(*words)
    assert status == 0
    assert "nobody said whose key to trust" in out
    other = Office(tmp_path / "other")
    other.close()
    status, _, err = ask(office.old, other.old, "--journal", office.journal, *PURPOSE)
    assert status == 2
    assert "different digest keys" in err


@pytest.mark.attack("roster-55")
def test_nothing_in_a_journal_is_obeyed_by_a_terminal_or_ends_the_comparison(office: Office, ask):
    """Texts of a journal come from configurations and other releases; tokens and reasons may be anything."""
    hostile = "\x1b]0;owned\x07\u202ecard\n"
    new = office.build(
        "new", 2, ("resident,b1-0101,residents,holds_open,", "resident,b1-0101,residents,holds_open,lost")
    )
    for token in ("", "zz", "00", "f" * 4000, hostile, "' OR 1=1 --"):
        body = Body(holder=hostile, credential=token, second_holder=hostile, household=hostile)
        office.happened(office.granted(body=body))
    for reasons in ((), (hostile,), ("quota_full:99999999999999999999",), ("quota_full:x", "area_full:" + hostile),
                    ("factors_complete:card+card+x+pin",), ("second_person", "granted"), ("dialog_expired",),
                    ("credential_known", "factor_missing:nothing", "dialog_expired"), ("antipassback_timed",),
                    ("escorted", "escort_needed", "pin_locked_out"), ("interlock:" + hostile,)):  # fmt: skip
        for code in (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL):
            office.happened(office.granted(code=code, reasons=reasons, point=hostile), at_ms=None)
            office.happened(office.granted(code=code, reasons=reasons))
    office.happened(Event(Code.GRANTED), Event(Code.TAKEN), Event(Code.LOCKDOWN, detail=hostile))
    for site in ((), ("--site", SITE)):
        words = (office.old, new, "--journal", office.journal, "--state", office.folder, *site, *PURPOSE, "--days", "9")
        status, out, err = ask(*words)
        assert (status, err) == (1, "")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", out)
        assert json.loads(ask(*words, "--json")[1])["differently"] >= 10


@pytest.mark.attack("roster-56")
def test_a_flood_of_strangers_costs_bounded_memory(office: Office, ask):
    """Every stranger's card is another token: what is remembered of them is thrown away at a limit."""
    from firmware.roster.comparing import side as sides
    from firmware.roster.roster import open_roster

    with open_roster(office.old, [office.identity.public_key]) as roster, sides.Side(roster) as side:
        for number in range(sides.FOUND_MAX + 1_000):
            assert side.find(f"{number:016x}") is None
        assert len(side._found) <= sides.FOUND_MAX
        assert side.find(office.token("H10301:12:34567")).holder == "resident"
