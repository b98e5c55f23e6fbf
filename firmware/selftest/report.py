"""The report of a self-test: one page of HTML that prints, with everything in it, signed by the controller's key.

The signature stands in a last line, a comment of HTML, and is over every byte before it: what is shown is signed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

import msgspec

from firmware.identity import fingerprint_of, id_of, verify
from firmware.selftest.machine import Stage
from firmware.selftest.run import Attempt, Entry, Run
from firmware.texts import texts

PURPOSE = b"menshen self-test report 1\n"  # what is signed begins with what it is for
LANGUAGES = {"en": 0, "zh": 1}
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}
_SEAL = re.compile(rb"<!-- menshen-signature 1 key=([0-9a-f]{64}) signature=([0-9a-f]{128}) -->\n\Z")
_SHOWN = re.compile(r"(\S+) shown (\d+) (\d+) (yes|no)")  # as firmware/selftest/watching.py notes it

_STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans","PingFang SC","Noto Sans CJK SC",sans-serif;color:#1c1e22;max-width:1000px;
margin:0 auto;padding:16px}h1{font-size:1.5em}h2{font-size:1.15em;margin:1.6em 0 .4em}
table{border-collapse:collapse;width:100%}
th,td{text-align:start;vertical-align:top;padding:5px 8px 5px 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}
th{font-size:.85em;color:#555;overflow-wrap:normal}dl div{break-inside:avoid}
dt{color:#555;font-size:.85em}dd{margin:0 0 .4em;overflow-wrap:anywhere}dl{columns:2}
.passed{color:#17673a;font-weight:600}.failed{color:#a91d1d;font-weight:600}.quiet{color:#555;font-size:.88em}
.sum{font-size:1.15em;font-weight:650;border:2px solid;border-radius:10px;padding:10px 14px}.sign{margin-top:3em;
border-top:1px solid #1c1e22;width:18em;padding-top:4px}
@media print{body{padding:0;font-size:10pt}tr,dl{break-inside:avoid}thead{display:table-header-group}}
@media (max-width:700px){dl{columns:1}thead{display:none}tr{display:block;padding:6px 0;border-bottom:1px solid #ccc}
td{display:block;border:0;padding:1px 0}}
"""


class About(msgspec.Struct, frozen=True):
    """What the report says beside the run. `lines`: device -> its terminals; `portals`: id -> name."""

    site: str
    site_name: str
    controller: str
    fingerprint: str
    version: str
    board: str
    site_sha256: str
    ended_utc_ms: int | None
    zone: tzinfo
    lines: Mapping[str, Sequence[str]]
    portals: Mapping[str, str]
    uncovered: Sequence[str] = ()


class Proven(msgspec.Struct, frozen=True):
    """Who signed a report."""

    controller: str
    fingerprint: str


class ReportError(Exception):
    """It is no report, or not as it was signed. The message says which."""


def sealed(html: str, public_key: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """The report with its signature."""
    body = html.encode()
    signature = sign(PURPOSE + body)
    return body + f"<!-- menshen-signature 1 key={public_key.hex()} signature={signature.hex()} -->\n".encode()


def proven(report: bytes) -> Proven:
    """Whose signature stands under it, and that it is right. Raises ReportError."""
    found = _SEAL.search(report)
    if found is None:
        raise ReportError("no signature stands at its end: it is no report of a self-test, or it was cut off")
    key, signature = bytes.fromhex(found[1].decode()), bytes.fromhex(found[2].decode())
    if not verify(key, signature, PURPOSE + report[: found.start()]):
        raise ReportError("its signature is not over these bytes: it has been changed")
    return Proven(id_of(key), fingerprint_of(key))


class Writer:
    """Writes one run in one language."""

    def __init__(self, language: str, about: About) -> None:
        self._texts = texts(language)
        self._language = language
        self._about = about

    def words(self, key: str, **values: object) -> str:
        return self._texts.say(f"page.{key}", **values)

    def html(self, run: Run) -> str:
        """The page, without its signature."""
        words, about = self.words, self._about
        title = escape(words("report_title", site=about.site_name))
        parts = [
            f'<!DOCTYPE html>\n<html lang="{HTML_LANGUAGE[self._language]}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
            f'<h1 dir="auto">{title}</h1><p class="sum">{escape(self._result(run))}</p>',
            "<dl>" + "".join(self._facts(run)) + "</dl>",
        ]
        owners = dict.fromkeys(entry.step.portal for entry in run.entries)
        parts += [self._portal(name, [each for each in run.entries if each.step.portal == name]) for name in owners]
        if about.uncovered:
            parts.append(f"<h2>{escape(words('report_uncovered'))}</h2><p>{escape(', '.join(about.uncovered))}</p>")
        if run.note:
            parts.append(f'<h2>{escape(words("report_note"))}</h2><p dir="auto">{escape(run.note)}</p>')
        last = ("report_of_controller", "report_no_conformity", "report_verify")
        parts += [f'<p class="quiet">{escape(words(key))}</p>' for key in last]
        parts.append(f'<p class="sign">{escape(words("report_signature"))}</p></main></body></html>\n')
        return "\n".join(parts)

    def _result(self, run: Run) -> str:
        counts = {stage.value: run.count(stage) for stage in (Stage.PASSED, Stage.FAILED, Stage.SKIPPED)}
        waiting = len(run.entries) - sum(counts.values())
        if counts["passed"] == len(run.entries):
            return self.words("report_result_all")
        return self.words("report_result_not", waiting=waiting, **counts)

    def _facts(self, run: Run) -> list[str]:
        words, about = self.words, self._about
        people = dict.fromkeys([run.issuer, *(each.by for entry in run.entries for each in entry.attempts)])
        facts = (
            ("report_site", f"{about.site_name} ({about.site})"),
            ("report_person", ", ".join(filter(None, people))),
            ("report_began", self._at(run.began_utc_ms)),
            ("report_ended", self._at(about.ended_utc_ms)),
            ("report_controller", about.controller),
            ("report_key", about.fingerprint),
            ("report_version", about.version),
            ("report_board", about.board),
            ("report_site_file", about.site_sha256),
        )
        shown = [(escape(words(key)), escape(text)) for key, text in facts if text]
        return [f'<div><dt>{label}</dt><dd dir="auto">{text}</dd></div>' for label, text in shown]

    def _at(self, utc_ms: int | None) -> str:
        if utc_ms is None:
            return self.words("report_unknown")
        moment = datetime.fromtimestamp(utc_ms // 1000, UTC)
        return f"{moment.astimezone(self._about.zone):%Y-%m-%d %H:%M:%S %z} ({moment:%H:%M:%S} UTC)"

    def _portal(self, name: str, entries: Sequence[Entry]) -> str:
        words = self.words
        title = self._about.portals.get(name, name) if name else words("report_no_portal")
        columns = ("step", "device", "result", "when", "seen", "note")
        head = "".join(f"<th>{escape(words(f'report_{column}'))}</th>" for column in columns)
        rows = "".join(self._row(entry) for entry in entries)
        return f'<h2 dir="auto">{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'

    def _row(self, entry: Entry) -> str:
        words, step = self.words, entry.step
        devices = dict.fromkeys((step.device, *step.expects))
        wires = [f"{name} ({', '.join(self._about.lines.get(name, ()))})".replace(" ()", "") for name in devices]
        also = [name for name in step.proves if name not in devices]
        proves = (
            f'<br><span class="quiet">{escape(words("report_proves", names=", ".join(also)))}</span>' if also else ""
        )
        last = entry.attempts[-1] if entry.attempts else None
        result = f'<span class="{entry.stage.value}">{escape(words(f"stage_{entry.stage.value}"))}</span>'
        if last is not None and last.why:
            result += f"<br>{escape(self.why(last.why, last.names))}"
        if entry.stage is Stage.PASSED and last is not None:
            how = "report_said" if last.said else "report_observed"
            result += f'<br><span class="quiet">{escape(words(how))}</span>'
        earlier = "".join(f"<br>{escape(self._tried(each))}" for each in entry.attempts[:-1])
        if earlier:
            result += f'<br><span class="quiet">{escape(words("report_earlier"))}:{earlier}</span>'
        cells = (
            escape(words(f"task_{step.task.value}")),
            escape("; ".join(wires)) + proves,
            result,
            "" if last is None else self._when(last, entry.watch.tries),
            "" if last is None else "<br>".join(escape(self._observed(each)) for each in last.seen),
            escape(entry.note),
        )
        return "<tr>" + "".join(f'<td dir="auto">{cell}</td>' for cell in cells) + "</tr>"

    def _when(self, attempt: Attempt, tries: int) -> str:
        took = self.words("report_took", s=f"{attempt.took_ms / 1000:.1f}", tries=tries)
        return (
            f'{escape(self._at(attempt.utc_ms))}<br>{escape(attempt.by)}<br><span class="quiet">{escape(took)}</span>'
        )

    def _observed(self, seen: str) -> str:
        """What was seen when, in seconds since the step began."""
        at_ms, _, what = seen.partition(" ")
        shown = _SHOWN.fullmatch(what)
        if shown is not None:
            device, shows, asks, said = shown.groups()
            what = self.words("report_shown", device=device, shows=shows, asks=asks, said=self.words(f"report_{said}"))
        return f"{self.words('report_after', s=f'{int(at_ms) / 1000:.2f}')} {what}"

    def _tried(self, attempt: Attempt) -> str:
        why = f": {self.why(attempt.why, attempt.names)}" if attempt.why else ""
        return f"{self._at(attempt.utc_ms)} {self.words(f'stage_{attempt.stage.value}')}{why}"

    def why(self, why: str, names: Sequence[str]) -> str:
        return why_text(self.words, why, names)


def why_text(words: Callable[..., str], why: str, names: Sequence[str]) -> str:
    """Why a step failed, in a language. `why` is a word of watching.py, or "word:device" of what was wrong with it."""
    word, _, device = why.partition(":")
    named = ", ".join((device,) if device else names)
    if word == "skipped":
        return device
    key = f"why_{word}" if texts("en").has(f"page.why_{word}") else "why_unhealthy"
    return words(key, names=named)
