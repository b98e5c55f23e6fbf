"""Frames of serial readers: what the manuals and other people's recordings say, and whatever else may come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.reports import NoiseKind
from drivers.serial_protocol import (
    PROTOCOLS,
    ProtocolError,
    Said,
    Understanding,
    load_protocol,
    protocol_names,
    read_protocol,
)
from drivers.wire.serial_frames import FRAME_BYTES_MAX, RUN_BYTES, Check, check_of, framer_of

SEED = 20261126
GB18030 = "gb18030"

# By hand from the manual's page 106: STX, "0005", the code, ETX, exclusive or of them all.
# 02^30^30^30^35 = 07; ^48^65^6C^6C^6F = 45; ^03 = 46.
PACKED_HELLO = bytes.fromhex("02 30303035 48656C6C6F 03 46")

# Answers of readers of the family with this checksum, recorded by others (the end of each is its checksum).
RECORDED = (
    "1500010301010ce28068940000500a9d2298c648257e",
    "1500010301010ce28068940000400a9d22a9eb5c70d2",
    "1500010301010c3034b708ac397e0000000649421ab7",
    "0d000103010104111001ba465d27",
)


def slow_crc(covered: bytes) -> bytes:
    """The manual's own loop (ZK-RFID102 V2.0, page 6), bit by bit."""
    value = 0xFFFF
    for byte in covered:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0x8408 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def tag_frame(epc: str, *, status: int = 0, address: int = 0, antenna: int = 1, rssi: int = 0x48) -> bytes:
    """Page 72: Len Adr 0xEE Status Ant Len EPC RSSI CRC; Len counts what follows it."""
    number = bytes.fromhex(epc)
    body = bytes((address, 0xEE, status, antenna, len(number))) + number + bytes((rssi,))
    framed = bytes((len(body) + 2,)) + body
    return framed + slow_crc(framed)


def heartbeat(number: int = 1) -> bytes:
    body = bytes((0, 0xEE, 0x28)) + number.to_bytes(4, "big") + bytes(8) + bytes(4)
    framed = bytes((len(body) + 2,)) + body
    return framed + slow_crc(framed)


EPC = "E28068940000500A9D2298C6"


def read(name: str, *pieces: bytes, silence: bool = True) -> list[str | NoiseKind]:
    """What a reader's protocol makes of these bytes."""
    protocol = load_protocol(name)
    framer, understanding = framer_of(protocol.framing), Understanding(protocol)
    found = [each for piece in pieces for each in framer.feed(piece)]
    if silence:
        found += framer.silence()
        assert not framer.pending
    said = [each if isinstance(each, NoiseKind) else understanding.of(each) for each in found]
    return [each.text if isinstance(each, Said) else each for each in said]


def cards(said: list[str | NoiseKind]) -> list[str]:
    return [each for each in said if not isinstance(each, NoiseKind)]


# -- checksums --------------------------------------------------------------------------------------------------------


def test_the_checksums_are_those_that_are_published():
    assert check_of(Check.CRC16_MCRF4XX, b"123456789") == (0x6F91).to_bytes(2, "little")  # the catalogue's check value
    assert check_of(Check.XOR, b"123456789") == b"1"  # 31^32^33^34^35^36^37^38 is 08, ^39 is 31
    assert check_of(Check.SUM, b"123456789") == bytes((477 & 0xFF,))


@pytest.mark.parametrize("frame", RECORDED)
def test_recorded_frames_have_our_checksum(frame):
    content = bytes.fromhex(frame)
    assert content[0] == len(content) - 1
    assert check_of(Check.CRC16_MCRF4XX, content[:-2]) == content[-2:] == slow_crc(content[:-2])


# -- what is read -----------------------------------------------------------------------------------------------------


def test_the_packed_code_of_the_manual():
    assert read("newland_fm200", PACKED_HELLO) == ["Hello"]


def test_the_length_of_the_manual_is_decimal():
    """Page 106: LEN 0x30303137 is 17."""
    code = "12345678901234567"
    body = b"\x02" + bytes.fromhex("30303137") + code.encode() + b"\x03"
    assert read("newland_fm200", body + check_of(Check.XOR, body)) == [code]


def test_a_tag_in_real_time_inventory():
    assert read("sid_ur_series", tag_frame(EPC)) == [EPC]
    assert read("sid_ur_series", heartbeat()) == [""]
    assert read("sid_ur_series", heartbeat() + tag_frame(EPC) + heartbeat(2)) == ["", EPC, ""]


@pytest.mark.parametrize("words", [1, 6, 8, 31])
def test_tags_of_every_length(words):
    epc = "A5" * 2 * words
    assert read("sid_ur_series", tag_frame(epc)) == [epc]
    assert read("plain_tag_line", epc.encode() + b"\r\n") == [epc]


def test_plain_lines_end_with_cr_with_lf_or_with_both():
    assert read("plain_line", b"first\rsecond\nthird\r\n\r\n\n") == ["first", "second", "third"]
    assert read("plain_line", b"abc\r") == [NoiseKind.UNKNOWN_FORMAT]
    assert read("plain_line", "粤B12345 访客\r".encode()) == ["粤B12345 访客"]
    assert read("plain_line", b"  spaced  \t\r") == [NoiseKind.NOISE]  # a tab is no text
    assert read("plain_line", b"  spaced  \r") == ["spaced"]


@pytest.mark.parametrize("name", protocol_names())
@pytest.mark.attack("serial-01")
def test_frames_split_and_joined_anywhere_are_read_once_each(name):
    one, two = {
        "newland_fm200": (PACKED_HELLO, PACKED_HELLO),
        "plain_line": (b"Hello\r", b"World\r\n"),
        "plain_tag_line": (b"E280\r\n", b"E281\r\n"),
        "sid_ur_series": (tag_frame(EPC), tag_frame("E200" * 6)),
    }[name]
    whole = read(name, one, two)
    assert len(cards(whole)) == len(whole) == 2
    for cut in range(1, len(one + two)):
        assert read(name, (one + two)[:cut], (one + two)[cut:]) == whole, cut
    assert read(name, *(bytes((byte,)) for byte in one + two)) == whole


# -- what is not ------------------------------------------------------------------------------------------------------


@pytest.mark.attack("serial-02")
@pytest.mark.parametrize("frame", [PACKED_HELLO, tag_frame(EPC), tag_frame("E200" * 31)], ids=["code", "tag", "long"])
def test_a_turned_bit_anywhere_is_no_code_and_the_next_frame_is_read(frame):
    name, text = ("newland_fm200", "Hello") if frame is PACKED_HELLO else ("sid_ur_series", None)
    good = cards(read(name, frame))
    assert text is None or good == [text]
    for bit in range(len(frame) * 8):
        spoiled = bytearray(frame)
        spoiled[bit // 8] ^= 1 << bit % 8
        protocol = load_protocol(name)
        framer, understanding = framer_of(protocol.framing), Understanding(protocol)
        found = framer.feed(bytes(spoiled)) + framer.silence()
        assert all(isinstance(each, NoiseKind) or isinstance(understanding.of(each), NoiseKind) for each in found), bit
        assert 1 <= len(found) <= 3, bit
        assert framer.feed(frame) == framer_of(protocol.framing).feed(frame), bit


@pytest.mark.attack("serial-03")
@pytest.mark.parametrize("name", protocol_names())
def test_a_line_without_end_takes_bounded_memory_and_is_told_once(name):
    protocol = load_protocol(name)
    framer = framer_of(protocol.framing)
    letter = b"7" if protocol.text is not None else b"\x02"
    found = [each for _ in range(100) for each in framer.feed(letter * 1000)]
    assert len(found) <= 100_000 // RUN_BYTES
    assert set(found) <= {NoiseKind.OVERLONG, NoiseKind.NOISE, NoiseKind.SHORT}
    assert len(framer._held) <= FRAME_BYTES_MAX


def test_a_line_that_is_too_long_is_noise_to_its_end_and_the_next_is_read():
    assert read("plain_line", b"x" * 5_000 + b"\rnext\r") == [NoiseKind.OVERLONG, "next"]
    assert read("plain_line", b"x" * 600 + b"\rnext\r") == [NoiseKind.OVERLONG, "next"]  # of 512 characters


@pytest.mark.attack("serial-04")
def test_hostile_texts_are_noise_or_text_and_never_more():
    said = {
        b"' OR 1=1 --": "' OR 1=1 --",
        b"nul\x00nul": NoiseKind.NOISE,
        "\U0001f6aa emoji".encode(): "\U0001f6aa emoji",
        "\u202eneddih".encode(): NoiseKind.NOISE,
        b"\x1b[2J": NoiseKind.NOISE,
        b"\xff\xfe": NoiseKind.NOISE,
        "访客".encode(GB18030): NoiseKind.NOISE,  # another encoding than the protocol's
        b"\xed\xa0\x80": NoiseKind.NOISE,  # half of a surrogate pair
        b"=cmd|' /C calc'!A0": "=cmd|' /C calc'!A0",
    }
    for text, expected in said.items():
        assert read("plain_line", text + b"\r") == [expected]
        packed = b"\x02" + f"{len(text):04}".encode() + text + b"\x03"
        assert read("newland_fm200", packed + check_of(Check.XOR, packed)) == [expected]


def test_a_torn_frame_is_given_up_by_silence_and_what_lay_behind_it_is_found():
    """The first frame promised 900 bytes; a whole one came in its place."""
    torn = b"\x02" + b"0900" + b"torn"
    assert read("newland_fm200", torn + PACKED_HELLO) == [NoiseKind.SHORT, "Hello"]
    assert read("newland_fm200", torn + PACKED_HELLO, silence=False) == []
    assert read("plain_line", b"half") == [NoiseKind.SHORT]


def test_a_number_that_is_shorter_than_it_says_is_none():
    number = bytes.fromhex(EPC)
    body = bytes((0, 0xEE, 0, 1, 4)) + number + b"\x48"  # it says four bytes, and twelve are there
    framed = bytes((len(body) + 2,)) + body
    assert read("sid_ur_series", framed + slow_crc(framed)) == [NoiseKind.UNKNOWN_FORMAT]


@pytest.mark.attack("serial-05")
@pytest.mark.parametrize("name", ["newland_fm200", "sid_ur_series"])
def test_random_bytes_are_no_card(name):
    """200,000 bytes in pieces; a million frames of them are `make soak`'s."""
    rng = random.Random(SEED)
    said = [each for _ in range(4_000) for each in read(name, rng.randbytes(rng.randrange(1, 100)))]
    assert cards(said) == [], f"seed {SEED}"


@given(st.lists(st.binary(max_size=80), max_size=20), st.sampled_from(protocol_names()))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived_and_a_good_frame_is_read_after_a_silence(pieces, name):
    good = {
        "newland_fm200": PACKED_HELLO,
        "plain_line": b"Hello\r",
        "plain_tag_line": b"E280\r",
        "sid_ur_series": tag_frame(EPC),
    }[name]
    protocol = load_protocol(name)
    framer = framer_of(protocol.framing)
    for piece in pieces:
        framer.feed(piece)
        assert len(framer._held) <= FRAME_BYTES_MAX
    framer.silence()
    assert not framer.pending
    assert framer.feed(good) == framer_of(protocol.framing).feed(good)


# -- protocols --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", protocol_names())
def test_a_protocol_says_where_it_is_from_and_that_nobody_has_tried_it(name):
    protocol = load_protocol(name)
    assert protocol.title
    assert protocol.document
    assert protocol.page
    assert protocol.commissioning
    assert not protocol.verified  # nobody has run this against the device


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('check = "xor"', "", "nothing"),
        ('check = "xor"', 'check = "crc8"', "crc8"),
        ('end = "03"', 'end = "0x03"', "non-hexadecimal"),
        ("bytes_min = 8", "bytes_min = 4", "shorter than their own parts"),
        ("bytes_max = 1024", "bytes_max = 4096", "longer than"),
        ("(?P<text>.+)", "(?P<code>.+)", 'group "text"'),
        ("(?P<text>.+)", "(?P<text>.+", "damaged"),
        ('encoding = "utf-8"', 'encoding = "klingon"', "klingon"),
        ('id = "newland_fm200"', 'id = "other"', "calls itself"),
        ("[counted]", '[text]\nends = "0D"\n[counted]', "one framing"),
        ('reads = "code"', 'reads = "cards"', "damaged"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(old, new, said):
    text = (PROTOCOLS / "newland_fm200.toml").read_text()
    assert old in text
    changed = text.replace(old, new)
    if said == "nothing":
        changed = changed.replace('end = "03"', "")
        said = "without a checksum"
    with pytest.raises(ProtocolError, match=said):
        read_protocol("newland_fm200", changed)


def test_an_unknown_protocol_is_answered_with_those_that_there_are():
    with pytest.raises(ProtocolError, match="newland_fm200, plain_line, plain_tag_line, sid_ur_series"):
        load_protocol("nobody")
