"""A holder found by id: the standing, and every credential, compared with a plain reading of the same table."""

from __future__ import annotations

import csv
import io
import random

from firmware.core.access import Factor
from firmware.roster.keys import canonical

COLUMNS = ("holder", "household", "spaces", "profiles", "flags", "status", "card", "plate", "tag", "code")
FACTORS = {"card": Factor.CARD, "plate": Factor.PLATE, "tag": Factor.TAG, "code": Factor.CODE}
SEED = 20261123


def table_of(rng: random.Random) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """A table in which holders have no, one or several rows with keys; and its rows by holder."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    rows: dict[str, list[dict[str, str]]] = {}
    numbers = iter(rng.sample(range(10_000), 4_000))
    for number in range(300):
        holder = f"h{number}"
        for index in range(rng.choice((1, 1, 1, 2, 3))):
            row = dict.fromkeys(COLUMNS, "") | {"holder": holder, "status": rng.choice(("", "lost", "suspended"))}
            if index == 0:
                row |= {"profiles": rng.choice(("residents", "residents;staff")), "household": f"f{number // 3}"}
                row |= {"spaces": str(number // 3 % 4), "flags": rng.choice(("", "visitor", "vehicle;exempt"))}
            for column, form in (("card", "H10301:1:{}"), ("plate", "沪A·{:05}"), ("tag", "t{}"), ("code", "c{}")):
                if rng.random() < 0.4:
                    row[column] = form.format(next(numbers))
            rows.setdefault(holder, []).append(row)
    order = [row for found in rows.values() for row in found]
    rng.shuffle(order)  # rows of one holder need not follow each other
    order.sort(key=lambda row: row["profiles"] == "")  # but the first one carries what is the holder's
    writer.writerows(order)
    return text.getvalue(), rows


def test_every_holder_is_found_with_what_the_table_says(open_table) -> None:
    text, table = table_of(random.Random(SEED))
    with open_table(text) as roster:
        for holder, rows in table.items():
            head = next(row for row in rows if row["profiles"])
            standing = roster.holder(holder, Factor.PIN)
            assert (standing.factor, standing.holder, standing.credential) == (Factor.PIN, holder, "")
            assert standing.profiles == tuple(sorted(head["profiles"].split(";")))
            assert (standing.household, standing.spaces) == (head["household"], int(head["spaces"]))
            assert (standing.status, standing.valid_until_s, standing.use_limit) == ("active", None, None)
            owned = {FACTORS[column] for row in rows if not row["status"] for column in FACTORS if row[column]}
            assert set(standing.second_factors) == owned
            assert set(roster.holder(holder).second_factors) == owned - {Factor.CARD}
            keys = {
                (factor, canonical(factor, row[column]), row["status"] or "active")
                for row in rows
                for column, factor in FACTORS.items()
                if row[column]
            }
            found = roster.credentials_of(holder)
            assert {(factor, key, enrolled.status) for factor, key, enrolled in found} == keys
            assert len(found) == len(keys)
            assert all(enrolled == roster.find(factor, key) for factor, key, enrolled in found)


def test_who_is_not_there_has_nothing(open_table) -> None:
    with open_table("holder,profiles,card\nh1,residents,H10301:1:1\nh2,residents,\n") as roster:
        for stranger in ("h", "h11", "H1", "", "h1\0", "\ud800", "h1' OR 1=1 --"):
            assert roster.holder(stranger) is None
            assert roster.credentials_of(stranger) == ()
        assert roster.holder("h2").profiles == ("residents",), "a holder without a credential is known all the same"
        assert roster.credentials_of("h2") == ()


def test_a_pin_of_a_holder_is_found_by_its_digest(open_table, workshop) -> None:
    with open_table("holder,profiles,card,pin,pin_with\nh1,residents,H10301:1:1,48213,6821\n") as roster:
        digest = workshop.identity.pin_digest("", "48213")
        found = {factor: key for factor, key, _ in roster.credentials_of("h1")}
        assert found == {Factor.CARD: "H10301:1:1", Factor.PIN: digest}


def test_the_zone_of_the_source_is_told(open_table, workshop) -> None:
    table = "holder,profiles,card\nh1,residents,H10301:1:1\n"
    with open_table(table) as roster:
        assert roster.time_zone == "Europe/Berlin"
    workshop.rules.write_text('[[profile]]\nname = "residents"\n[[profile.rule]]\naccess_points = ["*"]\n')
    with workshop.open(table, version=2) as roster:
        assert roster.time_zone is None
