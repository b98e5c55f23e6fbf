"""An account of the page: its name, its roles, how it is proven; and the rules that every change of accounts keeps.

Pure: accounts in, accounts out. Names are compared without case, and may be written in any script.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from firmware.network.accounts.errors import Refused

ACCOUNTS_MAX = 100  # people of one gate; all of them are in memory
NAME_CHARACTERS_MAX = 40
NAME_MARKS = " ._-@"
CONSOLE = "console"  # whoever started the program by hand; no account may have this name
CLIENT = "client:"  # before the name of a client of the API: no account may have a colon in its name


class Role(StrEnum):
    GUARD = "guard"  # sees, opens once, acknowledges
    MANAGER = "manager"  # holders, credentials, profiles, accounts
    INSTALLER = "installer"  # hardware, service, backup
    AUDITOR = "auditor"  # journal and exports; changes nothing


FIRST = frozenset({Role.MANAGER, Role.INSTALLER})  # of the first account: it can make all others
ALL_CHANGING = frozenset({Role.GUARD, Role.MANAGER, Role.INSTALLER})


class Account(msgspec.Struct, frozen=True):
    """`hash` is argon2id, empty while the person is invited; `invitation` the digest of the code for that, or b"".

    `invited_until_s` is UTC, None where the time was not known. `secret` is the second factor's, b"" for none;
    `step` the last time step that one of its codes was used for.
    """

    name: str
    roles: frozenset[Role]
    hash: str = ""
    invitation: bytes = b""
    invited_until_s: int | None = None
    secret: bytes = b""
    step: int = 0

    def __repr__(self) -> str:
        return f"Account({self.name!r})"  # never the secrets: this ends up in tracebacks


Accounts = Mapping[str, Account]  # by folded name


def folded(name: str) -> str:
    """By what a name is looked up: composed, without case and outer spaces. Any text has one."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def checked_name(name: str) -> str:
    """A name for a new account. Raises Refused."""
    composed = unicodedata.normalize("NFKC", name.strip())
    letters = [letter for letter in composed if letter.isalnum()]
    if not letters or len(composed) > NAME_CHARACTERS_MAX or len(folded(name)) > NAME_CHARACTERS_MAX:
        raise Refused("name_length")
    if any(not letter.isalnum() and letter not in NAME_MARKS for letter in composed):
        raise Refused("name_letters")
    if folded(composed) == CONSOLE:
        raise Refused("name_taken")
    return composed


def checked_roles(words: Iterable[str]) -> frozenset[Role]:
    """The roles that a form names. An auditor changes nothing, so that this role stands alone. Raises Refused."""
    try:
        roles = frozenset(Role(word) for word in words)
    except ValueError as error:
        raise Refused("roles_unknown") from error
    if not roles:
        raise Refused("roles_none")
    if Role.AUDITOR in roles and len(roles) > 1:
        raise Refused("roles_auditor")
    return roles


def with_account(accounts: Accounts, account: Account) -> dict[str, Account]:
    """Accounts with one more. Raises Refused where there are too many, or its name is taken."""
    if folded(account.name) in accounts:
        raise Refused("name_taken")
    if len(accounts) >= ACCOUNTS_MAX:
        raise Refused("accounts_full")
    return {**accounts, folded(account.name): account}


def with_changed(accounts: Accounts, account: Account) -> dict[str, Account]:
    """Accounts with this one in place of the one of its name. Raises Refused for the last manager's role."""
    changed = {**accounts, folded(account.name): account}
    _keep_a_manager(accounts, changed)
    return changed


def without(accounts: Accounts, account: Account) -> dict[str, Account]:
    """Accounts without this one. Raises Refused for the last manager."""
    left = {key: each for key, each in accounts.items() if key != folded(account.name)}
    _keep_a_manager(accounts, left)
    return left


def _keep_a_manager(before: Accounts, after: Accounts) -> None:
    """Somebody who can log in must be able to administer accounts: an invited manager does not count yet."""
    if any(_manages(account) for account in before.values()) and not any(map(_manages, after.values())):
        raise Refused("last_manager")


def _manages(account: Account) -> bool:
    return Role.MANAGER in account.roles and bool(account.hash)


def role_words(roles: Iterable[Role]) -> str:
    """Roles as the journal has them: in one order, by their words."""
    return " ".join(role.value for role in Role if role in roles)
