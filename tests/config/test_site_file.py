"""A site file becomes the core's Site and the programs' settings."""

import socket
from pathlib import Path

import pytest

from firmware.config import load
from firmware.controller.board import WiringError, build, safe_lines, simulated_lines
from firmware.core.access import Factor
from firmware.core.site import Antipassback, Door, LockKind, Reader, RexMode, Turnstile
from tests.config.site_files import sound_site, write

# RFC 8032, section 7.1, TEST 1; the id by `xxd -r -p | sha256sum`, its first ten bytes by `base32`.
PEER_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
PEER_ID = "eh7ddx5bksrgcytl"
DEMO = Path(__file__).parents[2] / "provisioning/sites/community_gate.toml"


def test_the_site_is_what_the_file_says(tmp_path):
    config, problems = load(write(tmp_path, sound_site()))
    assert problems == []
    site = config.site
    front, side, hall = site.portals
    assert isinstance(front, Door)
    assert isinstance(hall, Turnstile)
    assert (front.lock_kind, side.lock_kind) == (LockKind.FAIL_SECURE, LockKind.FAIL_SAFE)
    assert front.rex[0].mode is RexMode.UNLOCK
    point = front.access_points[0]
    assert (point.portal, point.antipassback, point.readers) == ("front", Antipassback.HARD, ("front_reader",))
    assert point.requirements[0].accept == ((Factor.CARD, Factor.PIN),)
    assert [r.schedule for r in point.requirements] == ["night", "always"]
    assert side.interlock == ("front",)
    assert (hall.drop, hall.unlock_schedule, hall.passage_out) == ("hall_drop", "day", None)
    assert site.zone.name == "Europe/Berlin"
    assert {area.id: area.occupancy_max for area in site.areas} == {"inside": 10, "outside": None}
    assert {r.id: r.pin_tries_max for r in site.readers} == {
        "front_reader": 3, "front_out_reader": 5, "side_reader": 5, "hall_reader": 5,
    }  # fmt: skip


def test_the_rest_is_what_the_file_says(tmp_path):
    tree = sound_site()
    tree["roster"] = {"signers": ["ab" * 32]}
    tree["rehearsal"] = {"plants": "plants.toml"}
    (tmp_path / "plants.toml").touch()
    config, problems = load(write(tmp_path, tree))
    assert problems == []
    assert config.store.folder == tmp_path / "state"
    assert config.store.limits.retention_days == 365
    assert config.store.limits.retention_bytes == 4096 * 1024 * 1024
    assert (config.network.page_host, config.network.page_port, config.network.mdns) == ("127.0.0.1", 0, True)
    assert config.roster.signers == (b"\xab" * 32,)
    assert config.rehearsal.plants == tmp_path / "plants.toml"
    assert config.portal_names == {"front": "Front", "side": "side", "hall": "hall"}
    assert config.name == "测试 gate"


def test_peers_and_shared_areas_are_what_the_file_says(tmp_path):
    tree = sound_site()
    tree["peer"] = [{"id": PEER_ID, "key": PEER_KEY}]
    tree["area"][0]["shared"] = True
    config, problems = load(write(tmp_path, tree))
    assert problems == []
    assert config.exchange.peers == {PEER_ID: bytes.fromhex(PEER_KEY)}
    assert config.exchange.heard_ms_max == 30_000
    assert [(area.id, area.shared) for area in config.site.areas] == [("inside", True), ("outside", False)]
    tree["exchange"] = {"heard_ms_max": 5_000}
    config, _ = load(write(tmp_path, tree))
    assert config.exchange.heard_ms_max == 5_000


def test_an_absolute_store_stays_where_it_is(tmp_path):
    tree = sound_site()
    tree["store"]["folder"] = "/var/lib/menshen"
    config, _ = load(write(tmp_path, tree))
    assert config.store.folder == Path("/var/lib/menshen")


@pytest.mark.parametrize("page", ["127.0.0.1:65535", "[::1]:80", "127.9.9.9:1", "0.0.0.0:443", "192.168.1.5:443"])
def test_pages_of_this_machine(tmp_path, page):
    tree = sound_site()
    tree["network"]["page"] = page
    config, problems = load(write(tmp_path, tree))
    assert problems == []
    assert config.network.page_host in page


@pytest.mark.parametrize("page", ["127.0.0.1:65536", "127.0.0.1", ":80", "evil.example:80", "127.0.0.1:٣"])
def test_what_is_no_address_of_a_page_is_refused(tmp_path, page):
    tree = sound_site()
    tree["network"]["page"] = page
    config, problems = load(write(tmp_path, tree))
    assert config is None
    assert [p.path for p in problems] == ["network.page"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = write(tmp_path, sound_site())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    config, problems = load(path)
    assert problems == []
    assert config is not None


def test_the_demo_gate_makes_a_board():
    config, problems = load(DEMO)
    assert problems == []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        board = build(config, simulated_lines(ours))
        assert len(board.drivers) == 50
        assert all(driver.id == name for name, driver in board.drivers.items())
        assert board.formats["front_reader"] == ("H10301", "H10304")
        assert {*board.formats, "lane_camera"} == {reader.id for reader in config.site.readers}
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)  # nothing was said on the wires: making a board moves nothing


def test_the_hardware_is_refused_with_what_to_do():
    for make in (simulated_lines, safe_lines):
        with pytest.raises(WiringError, match="--simulated"):
            make(None)


def test_a_board_is_not_made_of_wrong_devices(tmp_path):
    tree = sound_site()
    tree["device"][0]["keypad"] = "5bit"
    config, problems = load(write(tmp_path, tree))
    assert problems == []  # device tables are raw in the configuration
    with pytest.raises(WiringError, match=r"device\[0\].keypad.*menshen check"):
        build(config, simulated_lines(Path("/nowhere")))


def test_guards_have_defaults():
    config, _ = load(DEMO)
    assert Reader("bike_reader") in config.site.readers
