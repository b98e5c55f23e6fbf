"""What the network process asks: commands go on to the core; claim codes, and whose a plate is, are looked up here."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from firmware.core import plates
from firmware.core.access import Factor, Known, Unknown
from firmware.core.account_facts import Act, Administered
from firmware.core.codes import Reason
from firmware.core.facts import Afar, ConfirmClear, Forgive, ResetFault, SetOutOfService
from firmware.identity import Identity
from firmware.journal.ledger import Ledger
from firmware.messages import Answer, AnyCommand, AnyOfCameras, Ask, FindPlate, ProveClaim

# What roster and local entries say of a credential: the factor, and its key as a reader gives it.
Present = Callable[[Factor, str], Known | Unknown]


def taken(ask: Ask, ledger: Ledger, identity: Identity, present: Present) -> Answer | AnyCommand | Administered:
    """The command for the core, or an answer where there is nothing for it to do.

    The answer goes by the request of the message, so the command carries that one: a command with another could be
    answered to somebody else.
    """
    command = ask.command
    assert not isinstance(command, AnyOfCameras), "those are for the desk of viewings"
    if isinstance(command, ProveClaim):
        return Answer(ask.request, identity.is_claim_code(command.code))
    if isinstance(command, FindPlate):
        return _searched(command, ask.request, present)
    if not isinstance(command, AnyCommand | Administered):
        return Answer(ask.request, False, (Reason.NOT_ALLOWED,))  # for a desk that is not here
    if isinstance(command, SetOutOfService):
        command = structs.replace(command, test=False, quietly=False)  # words of the self-test's own
    if isinstance(command, Forgive) and command.holder is not None:
        # The core counts areas and does not know who is in which: the ledger does.
        command = structs.replace(command, area=ledger.holder(command.holder).area)
    if isinstance(command, ResetFault | ConfirmClear):
        command = structs.replace(command, in_sight=False)  # nobody at a page can prove it (FIELD.md, R9, R12, R17)
    # A person at the page is never in sight, whatever the network process says.
    afar = command.afar or Afar()
    return structs.replace(command, request=ask.request, afar=None if isinstance(command, Administered) else afar)


def _searched(command: FindPlate, request: str, present: Present) -> Answer | Administered:
    """That somebody searches for a plate: told by its pseudonym and holder, so that no plate stands in the journal."""
    plate = plates.normal(command.plate)
    if not plates.sound(plate):
        return Answer(request, False, ("no_plate",))
    found = present(Factor.PLATE, plate)
    holder, token = (found.holder, found.credential) if isinstance(found, Known) else ("", found.token)
    return Administered(
        command.issuer,
        request,
        act=Act.SEARCHED,
        address=command.address,
        detail="plate",
        holder=holder,
        token=token,
        note=command.why,
    )
