"""How long the next log-in has to wait after so many that failed: for each account, and for each address.

Nobody can lock somebody else out for ever: delays are capped, and an address from which an account was logged in to
before waits for its own mistakes only. All tables are bounded. Pure: every `now_s` is the event loop's time.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from enum import Enum

TRIES_FREE = 5  # without any delay; as for PINs (GB 50396, 5.1.5)
DELAY_FIRST_S = 5.0
ACCOUNT_DELAY_S_MAX = 300.0
ADDRESS_DELAY_S_MAX = 900.0
FORGOTTEN_S = 3600.0  # since the last failure
KEYS_MAX = 1024  # of each table
KNOWN_MAX = 512


class Of(Enum):
    ACCOUNT = "account"
    NOBODY = "nobody"  # names that no account has: they are delayed alike, and push no account out of its table
    ADDRESS = "address"
    HERE = "here"  # an account at an address that is known to it: no other account's log-ins there forgive its failures


class _Tries:
    __slots__ = ("failed", "last_s", "until_s")

    def __init__(self) -> None:
        self.failed = 0
        self.until_s = 0.0
        self.last_s = 0.0


class Throttle:
    """A try is begun, counted as failed at once, and taken back when it succeeds: tries at once gain nothing."""

    def __init__(self) -> None:
        self._tables: dict[Of, OrderedDict[str, _Tries]] = {of: OrderedDict() for of in Of}
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, name: str | None, exists: bool, address: str, now_s: float) -> float:
        """How long a log-in to the account `name` from `address` has to wait; 0: it may be tried now.

        None: of no account, so that only what the address did counts.
        """
        wait_s = self._wait_s(Of.ADDRESS, source_of(address), now_s)
        return wait_s if name is None else max(wait_s, self._wait_s(*self._counted(name, exists, address), now_s))

    def begin(self, name: str | None, exists: bool, address: str, now_s: float) -> bool:
        """Count a try; whether it begins a delay."""
        delayed = self._count(Of.ADDRESS, source_of(address), now_s, ADDRESS_DELAY_S_MAX)
        if name is not None:
            delayed |= self._count(*self._counted(name, exists, address), now_s, ACCOUNT_DELAY_S_MAX)
        return delayed

    def succeeded(self, name: str, address: str) -> None:
        """It was the right passphrase: what failed before is forgotten, and the address is known to the account."""
        self._tables[Of.ACCOUNT].pop(name, None)
        self._tables[Of.ADDRESS].pop(source_of(address), None)
        self._tables[Of.HERE].pop(_here(name, source_of(address)), None)
        known = (name, source_of(address))
        self._known[known] = None
        self._known.move_to_end(known)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        """The account is another one now: no address is known to it."""
        for known in [known for known in self._known if known[0] == name]:
            del self._known[known]
            self._tables[Of.HERE].pop(_here(*known), None)
        self._tables[Of.ACCOUNT].pop(name, None)

    def _counted(self, name: str, exists: bool, address: str) -> tuple[Of, str]:
        """Where tries of an account are counted, beside those of the address."""
        if (name, source_of(address)) in self._known:
            return Of.HERE, _here(name, source_of(address))
        return Of.ACCOUNT if exists else Of.NOBODY, name

    def _wait_s(self, of: Of, key: str, now_s: float) -> float:
        tries = self._tables[of].get(key)
        return 0.0 if tries is None else max(0.0, tries.until_s - now_s)

    def _count(self, of: Of, key: str, now_s: float, delay_s_max: float) -> bool:
        table = self._tables[of]
        tries = table.get(key)
        if tries is None or now_s - tries.last_s > FORGOTTEN_S:
            table[key] = tries = _Tries()
        table.move_to_end(key)
        while len(table) > KEYS_MAX:
            table.popitem(last=False)
        tries.failed += 1
        tries.last_s = now_s
        beyond = tries.failed - TRIES_FREE
        if beyond < 0:
            return False
        tries.until_s = now_s + min(delay_s_max, DELAY_FIRST_S * 2.0 ** min(beyond, 16))
        return beyond == 0


def _here(name: str, source: str) -> str:
    return f"{source} {name}"


def source_of(address: str) -> str:
    """By what an address is counted: whoever has one of IPv6 has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False).network_address)
    return str(parsed)
