"""Plants in virtual time: what the world does, whoever is or is not at the other end. Seeds stand in each test."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from firmware.rehearsal.door import Leaf, Push
from firmware.rehearsal.errors import ActionError, BusyError, LayoutError
from firmware.rehearsal.frames import Frame, encode_bits, encode_card, encode_key
from firmware.rehearsal.layout import layout_of
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.turnstile import Walk
from firmware.rehearsal.virtual_time import run_virtual
from firmware.rehearsal.wires import Wires

MS = 1_000_000


class Yard:
    """Plants of the demo gate with every edge written down."""

    def __init__(self, path, seed=7):
        self.plants = Plants.load(path, seed=seed, edge_by_edge=True)
        self.wires = self.plants.wires
        self.edges = []
        self.wires.listen(self.edges.extend)
        self.began_ns = self.wires.now_ns()

    def of(self, *lines):
        return [edge for edge in self.edges if edge.line in lines]

    def at_ms(self, edge):
        return (edge.at_ns - self.began_ns) / MS


# --- the encoder, against frames worked out by hand from HID's published layouts ---


@pytest.mark.parametrize(
    ("layout", "facility", "number", "bits"),
    [
        # 12 = 00001100, 34567 = 1000011100000111. Leading 12 bits 00001100 1000: three ones, even parity 1.
        # Trailing 12 bits 011100000111: six ones, odd parity 1.
        ("H10301", 12, 34567, "1 00001100 1000011100000111 1"),
        ("H10301", 0, 0, "0 00000000 0000000000000000 1"),
        ("H10301", 255, 65535, "0 11111111 1111111111111111 1"),
        # 1 = 16 bits, 2 = 16 bits: leading half one 1 -> parity 1, trailing half one 1 -> parity 0.
        ("H10306", 1, 2, "1 0000000000000001 0000000000000010 0"),
        # 35 bits of 1: leading 18 bits 00..0 -> 0, trailing 18 bits 0..01 -> odd already -> 0.
        ("H10302", 0, 1, "0 00000000000000000000000000000000001 0"),
        # The middle bit (the 18th of 35) belongs to both halves: number 2**17 is that bit alone.
        ("H10302", 0, 1 << 17, "1 00000000000000000100000000000000000 0"),
        ("H10304", 0, 1 << 17, "1 0000000000000000 0100000000000000000 0"),
        ("H10304", 0x8001, 3, "0 1000000000000001 0000000000000000011 1"),
    ],
)
def test_cards_are_encoded_as_published(layout, facility, number, bits):
    assert encode_card(layout, facility, number) == encode_bits(bits)


@pytest.mark.parametrize(
    ("key", "keypad", "bits"),
    [
        ("0", "4bit", "0000"),
        ("9", "4bit", "1001"),
        ("*", "4bit", "1010"),
        ("#", "4bit", "1011"),
        ("1", "8bit", "11100001"),
        ("#", "8bit", "01001011"),
    ],
)
def test_keys_are_encoded_as_keypads_do(key, keypad, bits):
    assert encode_key(key, keypad) == encode_bits(bits)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: encode_card("H10301", 256, 1),
        lambda: encode_card("H10301", 1, 65536),
        lambda: encode_card("H10302", 1, 1),
        lambda: encode_card("H10301", -1, 1),
        lambda: encode_card("nothing", 1, 1),
        lambda: encode_bits(""),
        lambda: encode_bits("0" * 257),
        lambda: encode_bits("012"),
        lambda: encode_key("A", "4bit"),
        lambda: encode_key("12", "4bit"),
        lambda: encode_key("1", "none"),
    ],
)
def test_what_cannot_be_encoded_is_refused(wrong):
    with pytest.raises(ActionError):
        wrong()


# --- reader ---


def decode_by_edges(edges, d0):
    """An independent look at the wire: each falling edge is a bit."""
    return "".join("0" if edge.line == d0 else "1" for edge in edges if not edge.level)


def test_a_card_is_pulses_within_ac01(gate_file):
    async def swipe():
        yard = Yard(gate_file)
        sent = yard.plants.readers["front_reader"].present(encode_card("H10301", 12, 34567))
        await asyncio.sleep(0.2)
        return yard.of("GPIO17", "GPIO27"), sent

    edges, sent = run_virtual(swipe())
    assert decode_by_edges(edges, "GPIO17") == "1" + "00001100" + "1000011100000111" + "1"
    falls = [edge.at_ns for edge in edges if not edge.level]
    rises = [edge.at_ns for edge in edges if edge.level]
    assert len(falls) == len(rises) == 26
    assert all(20_000 <= rise - fall <= 100_000 for fall, rise in zip(falls, rises, strict=True))
    assert all(200_000 <= later - one <= 20_000_000 for one, later in pairwise(falls))
    assert (sent.first_ns, sent.last_ns) == (falls[0], falls[-1])


def test_two_cards_at_once_go_one_after_the_other(gate_file):
    async def swipe():
        yard = Yard(gate_file)
        reader = yard.plants.readers["front_reader"]
        one, two = reader.present(encode_card("H10301", 1, 1)), reader.present(encode_card("H10301", 1, 2))
        await asyncio.sleep(1)
        return one, two, yard.of("GPIO17", "GPIO27")

    one, two, edges = run_virtual(swipe())
    assert two.first_ns - one.last_ns >= 100 * MS
    assert len(edges) == 2 * 2 * 26


def test_keys_are_typed_one_by_one(gate_file):
    async def type_pin():
        yard = Yard(gate_file)
        yard.plants.readers["front_reader"].press("24#")
        await asyncio.sleep(2)
        return decode_by_edges(yard.of("GPIO17", "GPIO27"), "GPIO17")

    assert run_virtual(type_pin()) == "0010" + "0100" + "1011"


def test_a_reader_holds_a_bounded_queue(gate_file):
    async def flood():
        yard = Yard(gate_file)
        reader = yard.plants.readers["front_reader"]
        for _ in range(20):
            reader.present(Frame(0, 26))  # 0.2 s each: four seconds
        reader.press("1234567890*#")
        with pytest.raises(BusyError):
            reader.present(Frame(0, 26))
        yard.plants.close()

    run_virtual(flood())


def storm_edges(gate_file, seed):
    async def storm():
        yard = Yard(gate_file, seed)
        yard.plants.readers["front_reader"].storm(500)
        await asyncio.sleep(0.25)
        raging = yard.plants.readers["front_reader"].state().storm
        await asyncio.sleep(0.75)
        after = yard.wires.levels(["GPIO17", "GPIO27"]), yard.plants.readers["front_reader"].state().storm
        return yard.of("GPIO17"), yard.of("GPIO27"), raging, after

    return run_virtual(storm())


def test_a_storm_is_ten_kilohertz_on_each_line_and_ends(gate_file):
    on_d0, on_d1, raging, after = storm_edges(gate_file, 7)
    for edges in (on_d0, on_d1):
        assert 4_500 <= len(edges) <= 5_500  # 10,000 edges a second for half a second
        assert all(one.level != later.level for one, later in pairwise(edges))
        assert all(one.at_ns <= later.at_ns for one, later in pairwise(edges))
    assert raging is True
    assert after == ({"GPIO17": True, "GPIO27": True}, False)


def test_faults_repeat_with_the_seed_and_differ_without(gate_file):
    assert storm_edges(gate_file, 7) == storm_edges(gate_file, 7)
    assert storm_edges(gate_file, 7) != storm_edges(gate_file, 8)


def test_lost_edges_lose_bits(gate_file):
    async def swipe():
        yard = Yard(gate_file)
        reader = yard.plants.readers["front_reader"]
        reader.set_fault("lost_edges", True)
        for _ in range(20):
            reader.present(encode_card("H10301", 12, 34567))
            await asyncio.sleep(1)
        lost = len(yard.of("GPIO17", "GPIO27"))
        yard.edges.clear()
        reader.set_fault("lost_edges", False)
        reader.present(encode_card("H10301", 12, 34567))
        await asyncio.sleep(1)
        return lost, len(yard.edges)

    lost, whole = run_virtual(swipe())
    assert 20 * 52 * 0.90 < lost < 20 * 52  # a share of 0.05 of 1,040 edges
    assert whole == 52


def test_a_broken_wire_leaves_only_zeros(gate_file):
    async def swipe():
        yard = Yard(gate_file)
        reader = yard.plants.readers["front_reader"]
        reader.set_fault("wire_broken", True)
        reader.present(encode_card("H10301", 12, 34567))
        await asyncio.sleep(1)
        return yard.of("GPIO17", "GPIO27")

    edges = run_virtual(swipe())
    assert {edge.line for edge in edges} == {"GPIO17"}
    # 12 has two ones, 34567 has seven, and both parity bits are ones.
    assert len(edges) == 2 * (26 - 11)


# --- door ---


def test_a_locked_door_does_not_open_for_a_push(gate_file):
    async def push():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        said = door.push()
        await asyncio.sleep(10)
        return said, door.leaf, yard.edges

    assert run_virtual(push()) == (Push.LOCKED, Leaf.CLOSED, [])


def test_a_released_door_opens_bounces_and_closes(gate_file):
    async def push():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        yard.wires.drive("GPIO13", True)
        assert door.push() is Push.LOCKED  # the coil needs its time
        await asyncio.sleep(0.1)
        yard.edges.clear()
        yard.began_ns = yard.wires.now_ns()
        assert door.push() is Push.OPENED
        await asyncio.sleep(0.05)
        leaves = [door.leaf]
        yard.wires.drive("GPIO13", False)  # locking now does not close an open door
        await asyncio.sleep(1.0)
        leaves.append(door.leaf)
        await asyncio.sleep(9)
        leaves.append(door.leaf)
        return leaves, yard, door.push()

    leaves, yard, again = run_virtual(push())
    contact = yard.of("GPIO6")
    assert leaves == [Leaf.OPENING, Leaf.OPEN, Leaf.CLOSED]
    assert again is Push.LOCKED
    opened = [edge for edge in contact if yard.at_ms(edge) < 1_000]
    closed = [edge for edge in contact if yard.at_ms(edge) >= 1_000]
    # crack_ms 120; swing 800 + dwell 1500 + close 2500 = 4800; bounces last at most 8 ms
    assert yard.at_ms(opened[0]) == pytest.approx(120, abs=0.01)
    assert yard.at_ms(closed[0]) == pytest.approx(4_800, abs=0.01)
    for edges, settled in ((opened, True), (closed, False)):
        assert len(edges) >= 3, "it bounces"
        assert edges[0].level is settled
        assert edges[-1].level is settled
        assert edges[-1].at_ns - edges[0].at_ns <= 8 * MS


def test_a_person_who_keeps_pushing_gets_in_when_the_bolt_comes_free(gate_file):
    async def push():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        assert door.push(for_ms=1_500) is Push.WAITING
        await asyncio.sleep(1)
        assert door.leaf is Leaf.CLOSED
        yard.wires.drive("GPIO13", True)
        await asyncio.sleep(0.02)
        assert door.leaf is Leaf.CLOSED  # coil_ms is 30
        await asyncio.sleep(0.02)
        assert door.leaf is Leaf.OPENING
        yard.wires.drive("GPIO13", False)
        await asyncio.sleep(10)
        assert door.push(for_ms=1_500) is Push.WAITING
        await asyncio.sleep(2)
        yard.wires.drive("GPIO13", True)  # too late
        await asyncio.sleep(2)
        return door.leaf

    assert run_virtual(push()) is Leaf.CLOSED


def test_the_handle_inside_opens_a_locked_door_and_works_the_button(gate_file):
    async def leave():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        assert door.leave() is Push.OPENED
        await asyncio.sleep(1)
        return yard.of("GPIO5"), yard.of("GPIO6"), door.leaf

    rex, contact, leaf = run_virtual(leave())
    assert leaf is Leaf.OPEN
    assert rex[0].level is False
    assert rex[0].at_ns < contact[0].at_ns, "the button is heard before the contact, or it would be a forced door"
    assert rex[-1].level is True


def test_a_door_without_a_handle_needs_its_lock():
    layout = layout_of({"door": [{"id": "vault", "lock": "L", "contact": "C", "rex": "R", "handle": False}]})

    async def leave():
        door = Plants(layout, Wires(asyncio.get_running_loop(), 1)).doors["vault"]
        return door.leave(), door.state().rex_pressed

    assert run_virtual(leave()) == (Push.LOCKED, False)


def test_forced_held_and_let_go(gate_file):
    async def force():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        door.force()
        door.hold(True)
        await asyncio.sleep(60)
        held = door.leaf
        door.hold(False)
        await asyncio.sleep(5)
        return held, door.leaf, yard.wires.levels(["GPIO6"])

    assert run_virtual(force()) == (Leaf.OPEN, Leaf.CLOSED, {"GPIO6": False})


def test_a_welded_lock_stays_and_a_cut_wire_releases_nothing(gate_file):
    async def weld():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        yard.wires.drive("GPIO13", True)
        await asyncio.sleep(0.1)
        door.set_fault("lock_welded", True)
        yard.wires.drive("GPIO13", False)
        await asyncio.sleep(1)
        welded = door.state()
        door.set_fault("lock_welded", False)
        await asyncio.sleep(1)
        loose = door.state()
        door.set_fault("lock_wire_cut", True)
        yard.wires.drive("GPIO13", True)
        await asyncio.sleep(1)
        cut = door.state()
        door.set_fault("lock_wire_cut", False)
        await asyncio.sleep(1)
        return welded, loose, cut, door.state()

    welded, loose, cut, mended = run_virtual(weld())
    assert (welded.released, welded.told_to_release) == (True, False)
    assert loose.released is False
    assert (cut.released, cut.told_to_release) == (False, False)
    assert mended.released is True


@pytest.mark.parametrize(("kind", "released"), [("fail_safe", True), ("fail_secure", False)])
def test_a_lock_without_power_does_what_its_kind_says(kind, released):
    # A fail-safe lock is released by taking its current away: the line is high while it secures.
    layout = layout_of({"door": [{"id": "d", "lock": "L", "lock_kind": kind, "released_level": "low"}]})

    async def starve():
        plants = Plants(layout, Wires(asyncio.get_running_loop(), 1))
        door = plants.doors["d"]
        plants.wires.drive("L", kind == "fail_safe")
        await asyncio.sleep(1)
        before = door.state().released
        door.set_fault("lock_supply_lost", True)
        await asyncio.sleep(1)
        return before, door.state().released

    assert run_virtual(starve()) == (not released, released)


def test_a_stuck_contact_lies_until_mended(gate_file):
    async def stick():
        yard = Yard(gate_file)
        door = yard.plants.doors["front_door"]
        door.set_fault("contact_stuck_closed", True)
        door.force()
        await asyncio.sleep(1)
        lying = door.state()
        edges = yard.of("GPIO6")
        door.set_fault("contact_stuck_closed", False)
        return lying, edges, door.state().contact_open, yard.of("GPIO6")[-1].level

    lying, edges, contact_open, level = run_virtual(stick())
    assert lying.leaf is Leaf.OPEN
    assert lying.contact_open is False
    assert edges == []
    assert contact_open is True
    assert level is True


# --- turnstile and switches ---


def test_a_turnstile_turns_only_when_released_and_tells_each_passage(gate_file):
    async def walk():
        yard = Yard(gate_file)
        hall = yard.plants.turnstiles["hall"]
        yard.wires.drive("X10", True)  # the arms are held up
        said = [hall.walk("in")]
        yard.wires.drive("X11", True)
        said.append(hall.walk("out"))
        said.append(hall.walk("in"))
        said.append(hall.walk("in"))
        await asyncio.sleep(2)
        return said, yard, hall.state()

    said, yard, state = run_virtual(walk())
    assert said == [Walk.LOCKED, Walk.LOCKED, Walk.TURNED, Walk.OCCUPIED]
    pulse = yard.of("X13")
    assert yard.of("X14") == []
    assert yard.at_ms(pulse[0]) == pytest.approx(450, abs=0.01)
    assert pulse[0].level is False
    assert pulse[-1].level is True
    assert 150 <= yard.at_ms(pulse[-1]) - 450 <= 154
    assert (state.passed_in, state.passed_out) == (1, 0)


def test_dropped_arms_let_everybody_through_without_a_pulse(gate_file):
    async def walk():
        yard = Yard(gate_file)
        said = yard.plants.turnstiles["hall"].walk("out")  # nobody holds the arms up yet
        await asyncio.sleep(2)
        return said, yard.edges

    assert run_virtual(walk()) == (Walk.DROPPED, [])


def test_a_forced_turn_is_told_too(gate_file):
    async def force():
        yard = Yard(gate_file)
        yard.wires.drive("X10", True)
        said = yard.plants.turnstiles["hall"].walk("in", force=True)
        await asyncio.sleep(2)
        return said, [edge.level for edge in (yard.of("X13")[0], yard.of("X13")[-1])]

    assert run_virtual(force()) == (Walk.TURNED, [False, True])


def test_a_fire_panel_switches_and_its_broken_wire_looks_like_fire(gate_file):
    async def burn():
        yard = Yard(gate_file)
        fire = yard.plants.switches["fire_panel"]
        seen = [yard.wires.levels(["GPIO4"])["GPIO4"]]
        for act in (
            lambda: fire.set(True),
            lambda: fire.set(False),
            lambda: fire.set_fault("wire_broken", True),
            lambda: fire.set_fault("wire_broken", False),
        ):
            act()
            await asyncio.sleep(0.1)
            seen.append(yard.wires.levels(["GPIO4"])["GPIO4"])
        return seen

    assert run_virtual(burn()) == [False, True, False, True, False]


# --- the file ---


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"door": [{"id": "d", "lock": "L", "contact": "L"}]}, "taken"),
        ({"door": [{"id": "d", "lock": "L"}, {"id": "d", "lock": "M"}]}, "twice"),
        ({"door": [{"id": "d", "lock": "L", "colour": "red"}]}, "colour"),
        ({"door": [{"id": "D!", "lock": "L"}]}, "id"),
        ({"reader": [{"id": "r", "d0": "A", "d1": "B", "keypad": "12bit"}]}, "keypad"),
        ({"reader": [{"id": "r", "d0": "A"}]}, "d1"),
        ({"switch": [{"id": f"s{n}", "kind": "fire", "line": f"L{n}"} for n in range(201)]}, "at most"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(table, said):
    async def build():
        Plants(layout_of(table), Wires(asyncio.get_running_loop(), 1))

    with pytest.raises(LayoutError, match=said):
        run_virtual(build())


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path):
    async def build(path):
        Plants.load(path)

    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (256 * 1024 + 1))
    for path, said in ((tmp_path / "none.toml", "cannot be read"), (large, "at most")):
        with pytest.raises(LayoutError, match=said):
            run_virtual(build(path))


def test_every_demo_card_has_a_frame(gate_file):
    async def deal():
        plants = Plants.load(gate_file)
        return {card_id: plants.card(card_id)[1].length for card_id in plants.cards}

    lengths = run_virtual(deal())
    assert lengths["guard"] == 37
    assert set(lengths.values()) == {26, 37}
