"""Says over mDNS that a controller is here (FIELD.md, section 5). A hint only: every value is proved again in TLS.

It only answers; it browses nothing and takes nothing from what others send, so a spoofed packet changes nothing here.
The library is loaded only when there is something to announce.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from firmware.network.errors import AnnouncementError
from firmware.network.live import Live

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICE = "_menshen._tcp.local."
PROTOCOL_VERSION = "1"
STATES = ("new", "pending", "adopted", "recovery")
# RFC 6763, section 6.4, and RFC 2782: nothing listens for the community server yet. The pairing issue gives it a port.
NO_PORT = 0
RECHECK_S = 15.0  # addresses come and go with cables and leases
GOODBYE_S_MAX = 1.0  # the library says it three times in 0.25 s


class Announcement(msgspec.Struct, frozen=True):
    """What is told. No address, owner or serial stands in the TXT record."""

    id: str
    model: str
    firmware: str
    state: str
    fingerprint: str

    def txt(self) -> dict[str, str]:
        return {
            "v": PROTOCOL_VERSION,
            "id": self.id,
            "model": self.model,
            "firmware": self.firmware,
            "state": self.state,
            "fingerprint": self.fingerprint,
        }


def announcement_of(live: Live) -> Announcement | None:
    """What the controller's Welcome gives to announce; None while it has not said who it is."""
    welcome = live.welcome
    if welcome is None or not welcome.id or welcome.adoption not in STATES:
        return None
    return Announcement(welcome.id, welcome.model, welcome.version, welcome.adoption, welcome.fingerprint)


def own_name(live: Live) -> str:
    """The host name that is announced; "" while the controller has not said who it is."""
    told = announcement_of(live)
    return "" if told is None else f"menshen-{told.id}.local"


def lan_addresses() -> list[str]:
    """This machine's IPv4 addresses but for loopback, sorted."""
    import ifaddr

    found = {str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4}
    return sorted(address for address in found if not address.startswith("127."))


class Announcer:
    """Announces while there is something to announce and an address to announce it on; says goodbye when stopped."""

    def __init__(self, live: Live, addresses: Callable[[], Sequence[str]] = lan_addresses) -> None:
        self.trouble = ""  # why nothing is announced now
        self.announced = asyncio.Event()
        self._live = live
        self._addresses = addresses
        self._wake = asyncio.Event()
        live.watch(self._wake.set)

    async def run(self) -> None:
        """Runs until cancelled. A network that fails is tried again, and hurts nothing else."""
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    await self._announce_while_same(stack)
            except OSError as error:
                self.trouble = f"not announced: {error}"
                await asyncio.sleep(RECHECK_S)
            finally:
                self.announced.clear()

    async def _announce_while_same(self, stack: contextlib.AsyncExitStack) -> None:
        """Announce what there is, and return when the id or the addresses became others."""
        told, addresses = announcement_of(self._live), tuple(self._addresses())
        zeroconf = None
        if told is not None and addresses:
            zeroconf = await stack.enter_async_context(_instance(addresses))
            # No probing: the name holds our key's id. Whoever else answers to it is not us, and we do not give way.
            await (await zeroconf.async_register_service(_service(told, addresses), cooperating_responders=True))
            self.trouble = ""
            self.announced.set()
        while True:
            await self._woken()
            now = announcement_of(self._live)
            if (now and now.id, tuple(self._addresses())) != (told and told.id, addresses):
                return
            if zeroconf is not None and now is not None and now != told:
                told = now
                await (await zeroconf.async_update_service(_service(now, addresses)))

    async def _woken(self) -> None:
        """Until something changed at the controller, or it is time to look at the addresses again."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECHECK_S):
                await self._wake.wait()


@contextlib.asynccontextmanager
async def _instance(addresses: Sequence[str]) -> AsyncIterator[AsyncZeroconf]:
    """One mDNS responder on these addresses; what it announced is withdrawn at the end."""
    from zeroconf import Error
    from zeroconf.asyncio import AsyncZeroconf

    for address in addresses:  # one that is gone already: the library would leave its other sockets open
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    zeroconf = AsyncZeroconf(interfaces=list(addresses))
    try:
        yield zeroconf
    except Error as error:
        raise AnnouncementError(f"{type(error).__name__} {error}") from error
    finally:
        # The cable may be out, and stopping must not wait for it.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S_MAX):
                await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def _service(told: Announcement, addresses: Sequence[str]) -> AsyncServiceInfo:
    from zeroconf.asyncio import AsyncServiceInfo

    name = f"menshen-{told.id}"
    return AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=NO_PORT,
        properties=told.txt(),
        server=f"{name}.local.",
        parsed_addresses=list(addresses),
    )
