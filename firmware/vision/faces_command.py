"""`menshen faces ACTION`: enrols a person who is there and consents, withdraws, lists. The running controller decides.

The pictures are looked at here and never kept; what goes to the controller, over its office socket, are templates and
the consent. It alone keeps them, encrypted by its own key.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.config import escaped
from firmware.faces.consent import CONSENT_S_DEFAULT, LANGUAGES, TEXT_VERSION, digest_of, text_of
from firmware.faces.receipt import Receipt, Signed, genuine
from firmware.messages import (
    Answer,
    AnyOfficeCommand,
    EnrolFace,
    FaceEntry,
    FacesListed,
    ListFaces,
    ListReceipts,
    TakenConsent,
    WipeFaces,
    WithdrawFace,
)
from firmware.roster.commands.asking import a_holder, add_person, an_issuer, instant_s, local_time, zone_of
from firmware.roster.office import Office
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    TerminalError,
    a_path,
    a_zone,
    add_language,
    complain,
    language_of,
    now_utc_s,
    prepare_output,
    reason,
    table,
)

PICTURES_MAX = 50
SECONDS = (5, 120)  # of looking through a camera


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen faces`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_enrol(actions)
    withdrawing = actions.add_parser("withdraw", help="consent is withdrawn: wipe the templates, give a receipt")
    withdrawing.add_argument("holder", type=a_holder, metavar="HOLDER", help="the holder's id in the roster")
    withdrawing.add_argument("--receipt", type=a_path, metavar="FILE", help="write the signed receipt there, too")
    add_person(withdrawing)
    withdrawing.set_defaults(act=_withdraw)
    wiping = actions.add_parser("wipe", help="wipe all templates, also of a store that cannot be read any more")
    add_person(wiping)
    wiping.set_defaults(act=_wipe)
    for name, text, act in (
        ("list", "who is enrolled, by which consent, until when; nothing of a face", _list),
        ("status", "whether faces are on here, how many are enrolled, and why nobody matches if so", _status),
        ("receipts", "signed receipts of templates that went by themselves: expired, dropped, left, wiped", _receipts),
    ):
        showing = actions.add_parser(name, help=text)
        showing.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
        showing.add_argument("--time-zone", type=a_zone, metavar="NAME", help="of all times (default: the roster's)")
        add_language(showing)
        showing.set_defaults(act=act)
        if act is _receipts:
            showing.add_argument("holder", type=a_holder, nargs="?", metavar="HOLDER", help="only this holder's")
            showing.add_argument("--receipt", type=a_path, metavar="FILE", help="write the holder's newest one there")
    reading = actions.add_parser("consent-text", help="the text that is read before anything is taken")
    add_language(reading)
    reading.set_defaults(act=_text)
    checking = actions.add_parser("receipt", help="whether a receipt was signed by the controller that it names")
    checking.add_argument("file", type=a_path, metavar="FILE")
    add_language(checking)
    checking.set_defaults(act=_receipt)


def _add_enrol(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    enrolling = actions.add_parser("enrol", help="enrol a person who is there, has read the text, and consents")
    enrolling.add_argument("holder", type=a_holder, metavar="HOLDER", help="the holder's id in the roster")
    given = enrolling.add_mutually_exclusive_group(required=True)
    given.add_argument("--pictures", type=a_path, nargs="+", metavar="FILE", help="of several angles; not kept")
    given.add_argument("--camera", metavar="SOURCE", help="picamera2, rtsp://..., file:/... as in the site file")
    enrolling.add_argument("--seconds", type=int, default=30, metavar="N", help="how long to look through the camera")
    enrolling.add_argument("--consents", type=an_issuer, metavar="NAME", required=True, help="who is enrolled, by name")
    enrolling.add_argument("--read", choices=sorted(LANGUAGES), required=True, help="the text in which they consented")
    enrolling.add_argument("--under-14", action="store_true", help="then a guardian consents, too")
    enrolling.add_argument("--guardian", type=an_issuer, metavar="NAME", help="of somebody under 14")
    enrolling.add_argument("--until", metavar="TIME", help="when the consent ends (default: a year, at most three)")
    add_person(enrolling)
    enrolling.set_defaults(act=_enrol)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done; 1: refused; 2: misused, no controller, or no models."""
    prepare_output()
    act: Callable[[argparse.Namespace], int] = arguments.act
    try:
        return act(arguments)
    except (TerminalError, OSError) as error:
        if arguments.json:
            print(json.dumps({"ok": False, "why": str(error)}))
        complain("faces", error)
        return MISUSED


# -- enrolment --------------------------------------------------------------------------------------------------------


def _enrol(arguments: argparse.Namespace) -> int:
    """The consent first: without one that may be, no picture is looked at."""
    from firmware.vision.face_taking import taken  # here: models are needed for nothing else

    now_s = now_utc_s()
    until_s = instant_s(arguments.until, zone_of(arguments)) if arguments.until else now_s + CONSENT_S_DEFAULT
    assert until_s is not None, "one of the two is there"
    if arguments.under_14 != bool(arguments.guardian):
        raise TerminalError("--under-14 and --guardian go together: for somebody under 14 a guardian consents")
    consent = TakenConsent(
        version=TEXT_VERSION,
        language=arguments.read,
        text=digest_of(arguments.read),
        given_by=arguments.consents,
        given_s=now_s,
        expires_s=until_s,
        under_14=arguments.under_14,
        guardian=arguments.guardian or "",
    )
    if not SECONDS[0] <= arguments.seconds <= SECONDS[1]:
        raise TerminalError(f"--seconds {arguments.seconds}: {SECONDS[0]} to {SECONDS[1]} are allowed")
    if arguments.pictures and len(arguments.pictures) > PICTURES_MAX:
        raise TerminalError(f"{len(arguments.pictures)} pictures: at most {PICTURES_MAX} are looked at")
    said = language_of(arguments)
    _, listed = _listed(arguments)
    if not listed.on or listed.why:  # before any picture is looked at
        code = "face_store" if listed.why else "faces_off"
        return _say(arguments, Answer("", False, (code,)), "")
    found = taken(arguments.pictures or [], arguments.camera, arguments.seconds)
    lines = [(name, verdict.taken, verdict.why, verdict.turn) for name, verdict in found.verdicts]
    if not arguments.json:
        for name, took, why, turn in lines:
            words = said.say("faces.taken", turn=f"{turn:+.2f}") if took else _words(said.say, why)
            print(f"{escaped(name)}: {words}", file=sys.stderr)
    pictures = [
        {"picture": name, "taken": took, "why": list(why), "turn": round(turn, 3)} for name, took, why, turn in lines
    ]
    if not found.enough:
        if arguments.json:
            print(json.dumps({"ok": False, "why": "face_pictures", "pictures": pictures}))
        complain("faces", said.say("faces.too_few", taken=len(found.templates), least=found.least))
        return SAID_NO
    command = EnrolFace(
        issuer=arguments.by,
        why=arguments.why,
        holder=arguments.holder,
        consent=consent,
        embedder=found.embedder,
        templates=found.templates,
        turns=found.turns,
    )
    until = local_time(until_s, zone_of(arguments))
    done = said.say("faces.enrolled", holder=escaped(arguments.holder), templates=len(found.templates), until=until)
    return _say(arguments, _ask(arguments, command), done, pictures=pictures)


def _words(say: Callable[..., str], why: tuple[str, ...]) -> str:
    return "; ".join(say(f"faces.why.{word}") for word in why)


# -- the others -------------------------------------------------------------------------------------------------------


def _withdraw(arguments: argparse.Namespace) -> int:
    _not_there(arguments.receipt)
    answer = _ask(arguments, WithdrawFace(issuer=arguments.by, why=arguments.why, holder=arguments.holder))
    if answer.receipt and arguments.receipt is not None:
        _write(arguments.receipt, answer.receipt)
    said = language_of(arguments)
    receipt = json.loads(answer.receipt) if answer.receipt else None
    status = _say(arguments, answer, said.say("faces.withdrawn", holder=escaped(arguments.holder)), receipt=receipt)
    if answer.receipt and not arguments.json:
        print(answer.receipt)
    return status


def _not_there(path: Path | None) -> None:
    if path is not None and path.exists():
        raise TerminalError(f"{path} is there already: name another file for the receipt")


def _write(path: Path, receipt: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(receipt + "\n")


def _receipts(arguments: argparse.Namespace) -> int:
    """Of what went without anybody there to be handed one: a table; of one holder the receipts themselves."""
    if arguments.receipt is not None and arguments.holder is None:
        raise TerminalError("--receipt FILE needs the holder whose receipt it is")
    _not_there(arguments.receipt)
    with Office(arguments.state) as office:
        texts = office.receipts(ListReceipts(issuer="menshen faces", why="list the receipts"))
    found = [(text, msgspec.json.decode(text, type=Signed).receipt) for text in texts]
    found = [(text, each) for text, each in found if arguments.holder in (None, each.holder)]
    if arguments.receipt is not None and found:
        _write(arguments.receipt, found[-1][0])
    if arguments.json:
        print(json.dumps({"ok": bool(found), "receipts": [json.loads(text) for text, _ in found]}))
    elif arguments.holder is not None:
        for text, _ in found:
            print(text)
    elif found:
        _print_receipts(arguments, [each for _, each in found])
    if not found and not arguments.json:
        print(language_of(arguments).say("faces.no_receipts"))
    return DONE if found else SAID_NO


def _print_receipts(arguments: argparse.Namespace, receipts: list[Receipt]) -> None:
    said, zone = language_of(arguments), zone_of(arguments)
    head = [said.say(f"faces.column.{name}") for name in ("holder", "name", "given", "wiped", "because", "templates")]
    rows = [
        [
            escaped(each.holder),
            escaped(each.given_by),
            local_time(each.given_s, zone),
            local_time(each.wiped_s or None, zone),
            said.say(f"faces.because.{each.why}"),
            str(each.templates),
        ]
        for each in receipts
    ]
    for line in table([head, *rows]):
        print(line)


def _wipe(arguments: argparse.Namespace) -> int:
    answer = _ask(arguments, WipeFaces(issuer=arguments.by, why=arguments.why))
    return _say(arguments, answer, language_of(arguments).say("faces.wiped"))


def _listed(arguments: argparse.Namespace) -> tuple[list[FaceEntry], FacesListed]:
    with Office(arguments.state) as office:
        return office.faces(ListFaces(issuer="menshen faces", why="list the enrolled faces"))


def _list(arguments: argparse.Namespace) -> int:
    entries, listed = _listed(arguments)
    said, zone = language_of(arguments), zone_of(arguments)
    if arguments.json:
        faces = [{**msgspec.to_builtins(each), "outdated": each.outdated} for each in entries]
        print(json.dumps({"ok": True, **_plain(listed), "faces": faces}))
        return DONE
    print(_standing(arguments, entries, listed))
    head = [said.say(f"faces.column.{name}") for name in ("holder", "name", "witness", "given", "until", "templates")]
    rows = [
        [
            escaped(each.holder),
            escaped(each.given_by) + (f" ({escaped(each.guardian)})" if each.guardian else ""),
            escaped(each.witness),
            local_time(each.given_s, zone),
            local_time(each.expires_s, zone),
            str(each.templates) + (f", {said.say('faces.anew')}" if each.outdated else ""),
        ]
        for each in entries
    ]
    for line in table([head, *rows]) if rows else ():
        print(line)
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    entries, listed = _listed(arguments)
    if arguments.json:
        templates = sum(each.templates for each in entries)
        numbers = {"holders": len(entries), "templates": templates, "outdated": sum(each.outdated for each in entries)}
        print(json.dumps({"ok": not listed.why, **_plain(listed), **numbers}))
    else:
        print(_standing(arguments, entries, listed))
    return SAID_NO if listed.why else DONE


def _plain(listed: FacesListed) -> dict[str, object]:
    return {"on": listed.on, "revision": listed.revision, "why": listed.why}


def _standing(arguments: argparse.Namespace, entries: list[FaceEntry], listed: FacesListed) -> str:
    said = language_of(arguments)
    text = said.say("faces.on" if listed.on else "faces.off", holders=len(entries))
    outdated = sum(each.outdated for each in entries)
    if outdated:
        text += "\n" + said.say("faces.outdated", holders=outdated)
    return f"{text}\n{escaped(listed.why)}" if listed.why else text


def _text(arguments: argparse.Namespace) -> int:
    language = "zh_CN" if language_of(arguments).language.startswith("zh") else "en"
    if arguments.json:
        plain = {"version": TEXT_VERSION, "language": language, "sha256": digest_of(language)}
        print(json.dumps({**plain, "text": text_of(language)}))
    else:
        print(text_of(language), end="")
    return DONE


def _receipt(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    try:
        signed = msgspec.json.decode(path.read_bytes()[: 1 << 16], type=Signed)
        good = genuine(signed)
    except (msgspec.MsgspecError, UnicodeError):
        good = False
    if arguments.json:
        print(json.dumps({"ok": good}))
    else:
        print(language_of(arguments).say("faces.genuine" if good else "faces.forged"))
    return DONE if good else SAID_NO


# -- asking -----------------------------------------------------------------------------------------------------------


def _ask(arguments: argparse.Namespace, command: AnyOfficeCommand) -> Answer:
    with Office(arguments.state) as office:
        return office.ask(command)


def _say(arguments: argparse.Namespace, answer: Answer, done: str, **more: object) -> int:
    said = language_of(arguments)
    words = [reason(said, code) for code in answer.reasons]
    if arguments.json:
        plain = {"ok": answer.done, "request": answer.request, "reasons": list(answer.reasons), "words": words}
        print(json.dumps(plain | {name: value for name, value in more.items() if value is not None}))
    elif answer.done:
        print(done)
    else:
        print(said.say("roster.office.refused"), file=sys.stderr)
        for number, text in enumerate(words, 1):
            print(f"  {number}. {text}", file=sys.stderr)
    return DONE if answer.done else SAID_NO
