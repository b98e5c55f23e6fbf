"""mDNS: what is announced, seen by zeroconf's own browser on loopback and by avahi over a cable between name spaces."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from firmware.messages import Welcome
from firmware.network.announce import SERVICE, Announcer, announcement_of
from firmware.network.live import Live
from tests.network.fake_controller import states, welcome

ID = "k7q2m9xw4c3v"
NAME = f"menshen-{ID}.{SERVICE}"
FINGERPRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHO = {"id": ID, "fingerprint": FINGERPRINT, "model": "menshen-dev", "adoption": "new"}
LIMIT_S = 10.0


@contextlib.asynccontextmanager
async def announcing(
    live: Live, addresses: Callable[[], Sequence[str]] = lambda: ["127.0.0.1"]
) -> AsyncIterator[Announcer]:
    announcer = Announcer(live, addresses)
    task = asyncio.create_task(announcer.run())
    try:
        yield announcer
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task


class Seen:
    """What a browser of another program sees."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()

    def __call__(self, zeroconf: object, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        self.changes.put_nowait((name, state_change))

    async def until(self, name: str, change: ServiceStateChange) -> None:
        async with asyncio.timeout(LIMIT_S):
            while await self.changes.get() != (name, change):
                pass


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[tuple[Seen, AsyncZeroconf]]:
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
    seen = Seen()
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[seen])
    try:
        yield seen, zeroconf
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


def told(welcomed: Welcome) -> Live:
    live = Live(0.0)
    live.heard(welcomed, 0.0)
    return live


async def txt_of(zeroconf: AsyncZeroconf, name: str = NAME) -> dict[str, str | None]:
    info = AsyncServiceInfo(SERVICE, name)
    assert await info.async_request(zeroconf.zeroconf, LIMIT_S * 1000)
    return dict(info.decoded_properties)


def test_a_browser_finds_exactly_what_is_meant_and_hears_the_goodbye() -> None:
    async def scene() -> None:
        async with browsing() as (seen, zeroconf):
            async with announcing(told(welcome(**WHO))):
                await seen.until(NAME, ServiceStateChange.Added)
                assert await txt_of(zeroconf) == {
                    "v": "1",
                    "id": ID,
                    "model": "menshen-dev",
                    "firmware": "0.1.0",
                    "state": "new",
                    "fingerprint": FINGERPRINT,
                }
            await seen.until(NAME, ServiceStateChange.Removed)

    asyncio.run(scene())


def test_another_state_is_announced_without_a_goodbye() -> None:
    async def scene() -> None:
        live = told(welcome(**WHO))
        async with browsing() as (seen, zeroconf), announcing(live) as announcer:
            await asyncio.wait_for(announcer.announced.wait(), LIMIT_S)
            live.heard(welcome(**(WHO | {"adoption": "adopted"})), 1.0)
            async with asyncio.timeout(LIMIT_S):
                while (await txt_of(zeroconf))["state"] != "adopted":
                    await seen.changes.get()
            while not seen.changes.empty():
                assert seen.changes.get_nowait()[1] is not ServiceStateChange.Removed

    asyncio.run(scene())


def test_nothing_is_announced_before_the_controller_says_who_it_is() -> None:
    assert announcement_of(Live(0.0)) is None
    assert announcement_of(told(welcome())) is None
    assert announcement_of(told(welcome(**(WHO | {"adoption": "owned by me"})))) is None


def test_the_record_names_no_address_owner_or_serial() -> None:
    announcement = announcement_of(told(welcome(**WHO)))
    assert announcement is not None
    assert set(announcement.txt()) == {"v", "id", "model", "firmware", "state", "fingerprint"}
    assert "North gate" not in str(announcement.txt())
    # RFC 6763, 6.1 and 6.4: each string at most 255 bytes, keys at most 9 characters wanted, all below 1300 bytes.
    sizes = [len(f"{key}={value}") for key, value in announcement.txt().items()]
    assert max(sizes) <= 255
    assert sum(sizes) + len(sizes) <= 1300


@pytest.mark.attack("page-14")
def test_a_spoofer_with_our_name_does_not_make_us_give_way() -> None:
    """It answers first, with another key; ours keeps its name and its values, and the link's state is untouched."""

    async def scene() -> None:
        spoofer = AsyncZeroconf(interfaces=["127.0.0.1"])
        false = AsyncServiceInfo(
            SERVICE,
            NAME,
            port=1,
            properties={"id": ID, "state": "adopted"},
            server="evil.local.",
            parsed_addresses=["127.0.0.1"],
        )
        try:
            await (await spoofer.async_register_service(false))
            live = told(welcome(**WHO))
            before = (live.welcome, live.states, live.connected)
            async with announcing(live) as announcer:
                await asyncio.wait_for(announcer.announced.wait(), LIMIT_S)
                await spoofer.async_unregister_all_services()
                async with browsing() as (seen, zeroconf):
                    await seen.until(NAME, ServiceStateChange.Added)
                    async with asyncio.timeout(LIMIT_S):
                        while (await txt_of(zeroconf)).get("fingerprint") != FINGERPRINT:
                            await seen.changes.get()
                assert (live.welcome, live.states, live.connected) == before
        finally:
            await spoofer.async_close()

    asyncio.run(scene())


@pytest.mark.attack("page-13")
def test_hostile_packets_change_nothing_and_end_nothing() -> None:
    """Truncated, looping and oversized DNS, and random bytes (seed 7), to our port; then we still answer."""
    import random

    draw = random.Random(7)
    loop_pointer = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 120, 0)
    packets = [b"", b"\x00", loop_pointer, struct.pack(">6H", 0, 0, 65535, 65535, 65535, 65535), b"\xff" * 9000]
    packets += [draw.randbytes(draw.randrange(1, 1500)) for _ in range(300)]

    async def scene() -> None:
        live = told(welcome(**WHO))
        async with announcing(live) as announcer:
            await asyncio.wait_for(announcer.announced.wait(), LIMIT_S)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
                for packet in packets:
                    sender.sendto(packet, ("224.0.0.251", 5353))
                    await asyncio.sleep(0)
            async with browsing() as (seen, zeroconf):
                await seen.until(NAME, ServiceStateChange.Added)
                assert (await txt_of(zeroconf))["fingerprint"] == FINGERPRINT
            assert announcer.trouble == ""
            assert live.welcome == welcome(**WHO)

    asyncio.run(scene())


def test_a_network_that_fails_is_told_and_tried_again() -> None:
    """An address that is not ours cannot be bound: nothing is announced, nothing else is hurt."""

    async def scene() -> None:
        async with announcing(told(welcome(**WHO)), lambda: ["203.0.113.7"]) as announcer:
            for _ in range(10):
                await asyncio.sleep(0)
            assert "not announced" in announcer.trouble
            assert not announcer.announced.is_set()

    asyncio.run(scene())


def test_without_an_address_it_waits() -> None:
    async def scene() -> None:
        live = told(welcome(**WHO))
        addresses: list[str] = []
        async with announcing(live, lambda: addresses) as announcer:
            live.heard(states(), 1.0)
            await asyncio.sleep(0)
            assert not announcer.announced.is_set()
            addresses.append("127.0.0.1")  # the cable is in
            live.changed()
            await asyncio.wait_for(announcer.announced.wait(), LIMIT_S)

    asyncio.run(scene())


# -- avahi, in another network name space, over a veth pair -----------------------------------------------------------

ANNOUNCE = """
import asyncio, json, sys
from firmware.messages import Welcome
from firmware.network.announce import Announcer
from firmware.network.live import Live

async def main():
    live = Live(0.0)
    live.heard(Welcome("0.1.0", "north_gate", "North gate", "b", "/j", **json.loads(sys.argv[1])), 0.0)
    announcer = Announcer(live)
    task = asyncio.create_task(announcer.run())
    await announcer.announced.wait()
    print("announced", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    task.cancel()
    await asyncio.wait([task])

asyncio.run(main())
"""

# Its own dbus and its own /run, so that no daemon of this machine is touched.
BROWSE = """
set -e
echo ready
read -r _
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/avahi-daemon
ip link set lo up
ip addr add 10.77.0.2/24 dev menshen1
ip link set menshen1 up
ip route add 224.0.0.0/4 dev menshen1
dbus-daemon --system --fork --nopidfile
avahi-daemon --daemonize --no-drop-root --no-chroot --no-rlimits
avahi-browse --parsable --resolve --no-db-lookup _menshen._tcp
"""

ANNOUNCER = """
set -e
echo ready
read -r _
ip link set lo up
ip addr add 10.77.0.1/24 dev menshen0
ip link set menshen0 up
ip route add 224.0.0.0/4 dev menshen0
exec "$PYTHON" -c "$ANNOUNCE" "$WHO"
"""
CABLE = "ip link add menshen0 netns {ours} type veth peer name menshen1 netns {theirs}"
TOOLS = ("avahi-browse", "avahi-daemon", "dbus-daemon", "ip", "unshare")
ROOT_PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def _why_not() -> str:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=ROOT_PATH) is None]
    if missing:
        return f"{', '.join(missing)} not found: apt-get install avahi-daemon avahi-utils dbus iproute2 util-linux"
    if os.geteuid() != 0:
        return "network name spaces need root"
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        return "this machine allows no new name spaces"
    return ""


class Shell:
    """A shell in name spaces of its own, which said "ready" and waits for a line. All it started goes with it."""

    def __init__(self, script: str, **environment: str) -> None:
        command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PATH": ROOT_PATH} | environment,
        )
        self._heard: list[str] = []
        self._held = b""

    def __enter__(self) -> Shell:
        self.until("ready")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def until(self, *words: str) -> str:
        """The next line that begins with the first word and holds the others; fails when it does not come in 20 s."""
        while True:
            line = self._line()
            assert line is not None, f"no line with {words} came, but: {self._heard}"
            if line.startswith(words[0]) and all(word in line for word in words):
                return line

    def _line(self) -> str | None:
        assert self.process.stdout is not None
        while b"\n" not in self._held:
            ready, _, _ = select.select([self.process.stdout], [], [], 20)
            received = os.read(self.process.stdout.fileno(), 65_536) if ready else b""
            if not received:
                return None
            self._held += received
        line, _, self._held = self._held.partition(b"\n")
        self._heard.append(line.decode(errors="replace"))
        return self._heard[-1]


@pytest.mark.skipif(_why_not() != "", reason=_why_not())
def test_avahi_in_another_machine_sees_it_come_and_go() -> None:
    """avahi-browse resolves the service over a cable: address, TXT and all; and hears the goodbye."""
    announce = {"PYTHON": sys.executable, "ANNOUNCE": ANNOUNCE, "WHO": json.dumps(WHO)}
    with Shell(ANNOUNCER, **announce) as ours, Shell(BROWSE) as theirs:
        cable = CABLE.format(ours=ours.process.pid, theirs=theirs.process.pid).split()
        subprocess.run(cable, check=True, env=os.environ | {"PATH": ROOT_PATH})
        theirs.tell("go")
        ours.tell("go")
        ours.until("announced")
        resolved = theirs.until("=;menshen1;IPv4", f"menshen-{ID}", "10.77.0.1", f'"fingerprint={FINGERPRINT}"')
        for text in ('"v=1"', f'"id={ID}"', '"model=menshen-dev"', '"firmware=0.1.0"', '"state=new"'):
            assert text in resolved
        ours.tell("stop")
        theirs.until("-;", f";IPv4;menshen-{ID};")
