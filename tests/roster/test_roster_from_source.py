"""From the office's source to the gate's file: the same as a table of the same people gives; what is wrong is named."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.config import load
from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster.authority import Adoption, write_adoption
from firmware.roster.build import BuildReport, build, build_source
from firmware.roster.errors import RosterRefused
from firmware.roster.keys import KIND
from firmware.roster.roster import Roster, open_roster
from firmware.roster.source.errors import SourceError
from firmware.roster.source.history import verify_history
from firmware.roster.source.store import Source
from firmware.run import prepare_roster

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SEED = 20261123
AT_S = 1_795_406_400
FLAGS = {"visitor": 1, "exempt;vehicle": 64 | 128, "": 0}


class Office:
    """The far end of a build: a source that is written by plain SQL, as an import would."""

    def __init__(self, folder: Path, identity) -> None:
        self.folder = folder
        self.identity = identity
        self.out = folder / "out.roster"
        self.source = Source.create(folder / "office.source.db", time_zone="Europe/Berlin", who="test", why="a test")
        rule = json.dumps([{"access_points": ["*"], "schedule": "always"}])
        self.write(*[("INSERT INTO profile VALUES (?, ?)", (name, rule)) for name in ("residents", "staff")])

    def write(self, *changes: tuple[str, tuple], at_s: int = AT_S) -> None:
        """One batch of statements."""
        with self.source.batch("edit", "test", "a test", at_s) as batch:
            for sql, values in changes:
                batch.db.execute(sql, values)

    def holder(self, holder: str, **columns) -> tuple[str, tuple]:
        return insert("holder", {"id": holder, "profiles": '["residents"]', **columns})

    def credential(self, holder: str, factor: Factor, key: str, **columns) -> tuple[str, tuple]:
        return insert("credential", {"kind": KIND[factor], "key": key, "holder": holder, **columns})

    def pin(self, pin: str, salt: str = "", key_id: str = "") -> str:
        digest = self.identity.pin_digest(salt, pin).hex()
        return f"digest:{key_id or self.identity.digest_key_id}:{len(pin)}:{digest}"

    def build(self, **options) -> BuildReport:
        return build_source(self.source, self.out, self.identity, **options)

    def open(self) -> Roster:
        return open_roster(self.out, {self.identity.public_key})

    def refused(self, **options) -> list[tuple[str, str, str]]:
        """What a build says is wrong, by holder and column; and that nothing was written."""
        before = self.out.read_bytes() if self.out.exists() else None
        with pytest.raises(RosterRefused) as caught:
            self.build(**options)
        assert (self.out.read_bytes() if self.out.exists() else None) == before
        assert not list(self.folder.glob("out.roster.*"))
        assert all(problem.file == "office.source.db" for problem in caught.value.problems)
        assert all(str(problem).isprintable() for problem in caught.value.problems)
        return [(problem.id, problem.column, problem.allowed) for problem in caught.value.problems]


def insert(table: str, columns: dict) -> tuple[str, tuple]:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())


@pytest.fixture
def office(tmp_path: Path, identity):
    made = Office(tmp_path, identity)
    yield made
    made.source.close()


def test_a_source_and_a_table_of_the_same_people_give_the_same_roster(office: Office, workshop) -> None:
    """Two ways that share no reading code; compared is every table of the two files, byte for byte."""
    rng = random.Random(SEED)
    header = "holder,household,spaces,profiles,flags,status,valid_from,use_limit,card,tag,plate,pin,duress_pin"
    lines, changes = [f"{header},pin_with,duress_pin_with"], []
    for number in range(0, 90, 3):
        changes.append(insert("household", {"id": f"f{number // 3}", "spaces": number % 4, "note": "a note"}))
    pins = iter(rng.sample(range(10**8, 10**9), 40))
    for number in sorted(range(90), key=lambda number: f"h{number}"):
        holder, household = f"h{number}", f"f{number // 3}"
        names = rng.choice((["residents"], ["staff"], ["residents", "staff"]))
        flags = rng.choice(list(FLAGS))
        status, from_s, uses = rng.choice((0, 0, 1, 2)), rng.choice((None, 1_767_222_000)), rng.choice((None, 5))
        keys = {"card": f"H10301:1:{number}", "tag": f"t{number}", "plate": f"沪A{number:05}"}
        keys = {column: key for column, key in keys.items() if rng.random() < 0.6}
        pin = str(next(pins)) if rng.random() < 0.3 else ""
        duress = rng.random() < 0.5
        beside = rng.choice(("", "", "2468"))
        beside_duress = "8642" if beside and rng.random() < 0.5 else ""
        common = {"status": status, "valid_from_s": from_s, "use_limit": uses}
        columns = {"household": household, "name": "A Name", "profiles": json.dumps(names), "flags": FLAGS[flags]}
        columns["pin_with"] = office.pin(beside, holder) if beside else None
        columns["duress_pin_with"] = office.pin(beside_duress, holder) if beside_duress else None
        changes.append(office.holder(holder, **columns))
        for column, key in keys.items():
            if column == "plate":
                changes.append(insert("vehicle", {"plate": key, "holder": holder, **common}))
            else:
                changes.append(office.credential(holder, Factor(column), key, **common))
        if pin:
            changes.append(office.credential(holder, Factor.PIN, office.pin(pin), duress=int(duress), **common))
        cells = {"holder": holder, "household": household, "spaces": str(number // 3 * 3 % 4), "flags": flags}
        cells |= {"profiles": ";".join(names), "status": ("active", "suspended", "lost")[status], **keys}
        cells |= {"valid_from": "2026-01-01" if from_s else "", "use_limit": str(uses or "")}
        cells |= {"duress_pin" if duress else "pin": pin, "pin_with": beside, "duress_pin_with": beside_duress}
        lines.append(",".join(cells.get(column, "") for column in lines[0].split(",")))
    office.write(*changes)
    report = office.build(version=4)
    workshop.rules.write_text(
        'time_zone = "Europe/Berlin"\n'
        + "".join(
            f'[[profile]]\nname = "{name}"\n[[profile.rule]]\naccess_points = ["*"]\n'
            for name in ("residents", "staff")
        )
    )
    workshop.out = office.folder / "table.roster"
    table = workshop.build("\n".join(lines) + "\n", version=4)
    assert (report.holders, report.credentials) == (table.holders, table.credentials)
    assert tables_of(office.out) == tables_of(workshop.out)
    with office.open() as roster:
        assert roster.time_zone == "Europe/Berlin"
        assert sorted(roster.rulebook().profiles) == ["residents", "staff"]


def tables_of(path: Path) -> dict[str, list]:
    """Every table of a roster, with the combination of profiles instead of its number."""
    import sqlite3

    database = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    sets = dict(database.execute("SELECT id, profiles FROM profile_set"))
    found = {}
    for table in ("holder", "credential"):
        cursor = database.execute(f"SELECT * FROM {table}")
        place = [column[0] for column in cursor.description].index("profile_set")
        found[table] = [(*row[:place], sets[row[place]], *row[place + 1 :]) for row in cursor]
    found["rulebook"] = [
        json.loads(text) for (text,) in database.execute("SELECT value FROM meta WHERE name = 'rulebook'")
    ]
    database.close()
    return found


def test_neither_names_nor_phones_of_the_source_reach_the_gate(office: Office) -> None:
    personal = {"name": "Wang Xiaoming", "phone": "13800138000", "relation": "cousin", "note": "likes cats"}
    office.write(
        office.holder("h1", **personal),
        office.credential("h1", Factor.CARD, "H10301:1:1", printed="0012345678"),
        insert("vehicle", {"plate": "沪A00001", "holder": "h1", "description": "a red car"}),
    )
    office.build()
    content = office.out.read_bytes()
    for text in (*personal.values(), "0012345678", "a red car"):
        assert text.encode() not in content


def test_versions_grow_by_themselves_and_never_twice(office: Office) -> None:
    office.write(office.holder("h1"))
    versions = [office.build().version, office.build().version, office.build(at_least=40).version]
    versions += [office.build(at_least=7).version, office.build(version=60).version, office.build().version]
    assert versions == [1, 2, 40, 41, 60, 61]
    assert verify_history(office.source.db).head == office.source.head, "a build is no change"
    assert office.source.head.batch == 3


def test_the_seal_names_the_state_of_the_source_and_how_much_changed(office: Office) -> None:
    office.write(office.holder("h1"), office.holder("h2"))
    first = office.build()
    assert first.changes == 5, "the zone, two profiles, two holders"
    office.write(office.credential("h1", Factor.CARD, "H10301:1:1"), at_s=AT_S + 60)
    second = office.build()
    head = office.source.head
    assert (second.source, second.changes) == (f"{head.batch}:{head.hash.hex()}", 1)
    assert office.build().changes == 0
    with office.open() as roster:
        assert (roster.seal.source, roster.seal.created_s) == (second.source, AT_S + 60)
    assert first.source != second.source


def test_the_same_source_gives_the_same_file(office: Office) -> None:
    office.write(office.holder("h1"), office.credential("h1", Factor.CARD, "H10301:1:1"))
    office.build(version=3)
    assert office.build(version=3) == office.build(version=3)


def test_a_holder_without_a_profile_goes_to_the_gate_and_may_pass_nowhere(office: Office) -> None:
    """An import takes 无 ("none") for an answer: the build may not refuse everybody's roster for it."""
    office.write(office.holder("none", profiles="[]"), office.credential("none", Factor.TAG, "t1"))
    office.build()
    with office.open() as roster:
        found = roster.find(Factor.TAG, "t1")
        assert found is not None
        assert (found.holder, found.profiles) == ("none", ())


def test_everything_that_cannot_go_to_the_gate_is_named_at_once(office: Office) -> None:
    other = "00" * 8
    office.write(
        office.holder("flags", flags=1 << 20),
        office.holder("pin", pin_with=office.pin("2468", "pin", other)),
        office.holder("twins", pin_with=office.pin("2468", "twins"), duress_pin_with=office.pin("2468", "twins")),
        office.holder("face"),
        office.credential("face", Factor.FACE, "template:1"),
        office.holder("card"),
        office.credential("card", Factor.CARD, "1234567"),
        office.holder("alone"),
        office.credential("alone", Factor.PIN, office.pin("135790", "", other)),
        office.holder("junk"),
        office.credential("junk", Factor.PIN, "246810"),
        office.holder("plate"),
        office.credential("plate", Factor.PLATE, "沪A00001"),
        office.holder("vehicle"),
        insert("vehicle", {"plate": "沪A00001", "holder": "vehicle"}),
        office.holder("dates"),
        office.credential("dates", Factor.TAG, "t1", valid_from_s=10, valid_until_s=10),
    )
    found = {(holder, column) for holder, column, _ in office.refused()}
    assert found == {
        ("flags", "flags"),
        ("pin", "pin_with"),
        ("twins", "duress_pin_with"),
        ("face", "face"),
        ("card", "card"),
        ("alone", "pin"),
        ("junk", "pin"),
        ("vehicle", "plate"),
        ("dates", "valid_until"),
    }


def test_plates_of_a_source_are_built_as_a_camera_reads_them_and_two_that_are_one_are_named(office: Office) -> None:
    """Two holders whose plates differ by a hyphen: nothing is built before the office has chosen who has it."""
    office.write(
        office.holder("h1"),
        insert("vehicle", {"plate": "B-MW12", "holder": "h1"}),
        office.holder("h2"),
        insert("vehicle", {"plate": "BM-W12", "holder": "h2"}),
    )
    ((holder, column, allowed),) = office.refused()
    assert (holder, column) == ("h2", "plate")
    assert "holder h1 has the same one to a camera" in allowed
    office.write(("DELETE FROM vehicle WHERE holder = ?", ("h2",)))
    office.build()
    with office.open() as roster:
        assert roster.find(Factor.PLATE, "BMW12").holder == "h1"
        assert roster.find(Factor.PLATE, "B-MW12") is None


def test_a_pin_in_a_bad_place_is_never_shown(office: Office) -> None:
    office.write(office.holder("junk", pin_with="8642097531"), office.credential("junk", Factor.PIN, "8642097531"))
    with pytest.raises(RosterRefused) as caught:
        office.build()
    assert len(caught.value.problems) == 2
    assert "8642" not in str(caught.value)


def test_short_pins_that_identify_alone_are_refused_by_number(office: Office) -> None:
    """GB 50396, 5.1.5: ten codes of four digits are enough for ten people, a thousand each."""
    people = [office.holder(f"h{number}") for number in range(11)]
    office.write(*people, *[office.credential(f"h{n}", Factor.PIN, office.pin(f"{n:04}")) for n in range(10)])
    office.build()
    office.write(office.credential("h10", Factor.PIN, office.pin("0010")))
    ((_, column, allowed),) = office.refused()
    assert (column, "enough for 10" in allowed) == ("pin", True)


def test_a_build_from_a_source_that_may_not_be_written_counts_on(office: Office) -> None:
    office.write(office.holder("h1"))
    office.build(version=8)
    with Source.open(office.source.path, readonly=True) as read:
        assert build_source(read, office.out, office.identity).version == 9
        assert build_source(read, office.out, office.identity).version == 9, "nothing was remembered"
    assert office.build().version == 9


def test_killed_in_a_build_the_file_before_stays(office: Office, tmp_path: Path) -> None:
    """A child builds version 2 again and again and is killed, by a real SIGKILL, at instants spread over a build."""
    office.write(
        *(change for n in range(3000) for change in (
            office.holder(f"h{n}"), office.credential(f"h{n}", Factor.CARD, f"H10301:1:{n}")
        ))
    )  # fmt: skip
    office.build(version=1)
    before = office.out.read_bytes()
    program = (
        "import sys; from pathlib import Path\n"
        "from firmware.identity import Identity; from firmware.roster.build import build_source\n"
        "from firmware.roster.source.store import Source\n"
        "source, out, identity = map(Path, sys.argv[1:])\n"
        "signer = Identity.load_or_create(identity)\n"
        "with Source.open(source) as opened:\n"
        "    print('begins', flush=True)\n"
        "    build_source(opened, out, signer, progress=lambda rows: None)\n"
        "print('ends', flush=True)\n"
    )
    paths = [office.source.path, office.out, office.identity.path.parent]
    cut = 0
    for wait_ms in (0, 5, 15, 30, 60, 90, 120):
        child = subprocess.Popen([sys.executable, "-c", program, *paths], stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() == "begins\n"
        try:
            child.wait(wait_ms / 1000)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        ended = "ends" in child.stdout.read()
        child.wait()
        child.stdout.close()
        with office.open() as roster:
            whole = roster.version == 1 or roster.find(Factor.CARD, "H10301:1:2999").holder == "h2999"
            assert whole
            if not ended and roster.version == 1:
                cut += 1
                assert office.out.read_bytes() == before
    assert cut >= 2, "no build was cut: make it longer"
    report = office.build()
    assert (report.holders, report.version) == (3000, max(2, report.version))
    assert sorted(path.name for path in tmp_path.glob("out.*")) == ["out.roster"]


def test_a_failing_source_is_said(office: Office) -> None:
    office.source.db.execute("BEGIN")
    office.source.db.execute("ROLLBACK")
    office.write(office.holder("h1"))
    office.source.close()
    content = bytearray(office.source.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    office.source.path.write_bytes(content)
    with pytest.raises(SourceError), Source.open(office.source.path) as damaged:
        build_source(damaged, office.out, office.identity)
    assert not office.out.exists()


def test_the_rehearsals_source_gives_the_rehearsals_roster(tmp_path: Path) -> None:
    """`make run` from nothing: table -> importer -> source -> roster equals table -> roster; a source that is there
    stays, and so does the roster of whoever adopted the controller."""
    config, _ = load(SITES / "community_gate.toml")
    prepare_roster(config, tmp_path)
    identity = Identity.load_or_create(tmp_path / "identity")
    source = tmp_path / "office.source.db"
    with Source.open(source) as opened:
        assert opened.time_zone.key == "Asia/Shanghai"
        verify_history(opened.db)
        build_source(opened, tmp_path / "of_source", identity, version=5)
    holders, rules = SITES / "holders.csv", SITES / "rules.toml"
    build(holders, rules, tmp_path / "of_table", identity, version=5, created_s=0)
    assert tables_of(tmp_path / "of_source") == tables_of(tmp_path / "of_table")
    before = source.read_bytes(), (tmp_path / "roster" / "roster").read_bytes()
    prepare_roster(config, tmp_path)
    assert before == (source.read_bytes(), (tmp_path / "roster" / "roster").read_bytes())
    write_adoption(tmp_path / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))
    (tmp_path / "roster" / "roster").write_bytes(b"another's")
    prepare_roster(config, tmp_path)
    assert (tmp_path / "roster" / "roster").read_bytes() == b"another's"
