"""What `menshen recognise` saw, in words: a head line a file, a table, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firmware.config import escaped
from firmware.terminal import table
from firmware.texts import Texts, TextsError
from firmware.vision.model_words import in_words

SURE_DIGITS = 2
COLUMNS = ("what", "text", "read", "found", "of", "place")
TRACK_COLUMNS = ("what", "text", "read", "found", "reads", "direction", "of", "when")


class Words:
    """In one language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def say(self, key: str, **values: object) -> str:
        return self._texts.say(f"recognise.{key}", **values)

    def word(self, key: str, word: str) -> str:
        """A word of a model; one that there is no text for is shown as it is."""
        try:
            return self.say(f"{key}.{word}")
        except TextsError:
            return escaped(word)

    def missing(self, name: str, why: object) -> str:
        return self.say("missing", what=self.say(f"stage.{name}"), why=escaped(in_words(self._texts, why)))

    def folder(self, folder: Path, error: OSError) -> str:
        return self.say("error.draw_folder", folder=escaped(str(folder)), why=error.strerror or str(error))

    def undrawn(self, path: Path, error: OSError) -> str:
        return self.say("error.undrawn", file=escaped(str(path)), why=error.strerror or str(error))

    def error(self, outcome: dict[str, Any]) -> str:
        error = outcome["error"]
        why = self.say(f"error.{error['word']}", **error.get("values", {}))
        return self.say("error", file=escaped(outcome["file"]), why=why)

    def lines(self, outcome: dict[str, Any]) -> Iterator[str]:
        """Of one file; of one that could not be read nothing."""
        if "what" not in outcome:
            return
        yield from self._film(outcome) if outcome["what"] == "film" else self._picture(outcome)
        for path in outcome.get("drawn", [])[:1]:
            more = len(outcome["drawn"]) - 1
            yield self.say("note.drawn_more" if more else "note.drawn", path=escaped(path), more=more)
        if outcome.get("not_drawn"):
            yield self.say("note.not_drawn", count=outcome["not_drawn"])

    def _picture(self, outcome: dict[str, Any]) -> Iterator[str]:
        yield self.say("picture", **_head(outcome), ms=round(outcome["ms"]["whole"]))
        if outcome["pictures"] > 1:
            yield self.say("note.pictures", count=outcome["pictures"])
        rows = [*self._plates(outcome), *self._things(outcome)]
        if not rows:
            yield self.say("nothing")
            return
        yield from table([[self.say(f"column.{name}") for name in COLUMNS], *rows])

    def _film(self, outcome: dict[str, Any]) -> Iterator[str]:
        looked = len(outcome["frames"])
        yield self.say("film", **_head(outcome), looked=looked, ms=round(outcome["ms"].get("whole", 0)))
        for name in ("broken", "resized"):
            if outcome[name]:
                yield self.say(f"note.{name}", count=outcome[name])
        if outcome["cut"]:
            yield self.say("note.cut", count=looked)
        rows = [self._track(each) for each in outcome["tracks"]]
        if not rows:
            yield self.say("nothing_agreed")
            return
        yield from table([[self.say(f"column.{name}") for name in TRACK_COLUMNS], *rows])

    def _plates(self, outcome: dict[str, Any]) -> Iterator[list[str]]:
        for plate in outcome["plates"]:
            what = self.say("what.plate_of", kind=self.word("kind", plate["kind"]))
            text = escaped(plate["text"]) or self.say("unread")
            carrier = self.word("what", plate["vehicle"]) if plate["vehicle"] else "-"
            yield [what, text, _sure(plate["read"]), _sure(plate["found"]), carrier, _place(plate["box"])]

    def _things(self, outcome: dict[str, Any]) -> Iterator[list[str]]:
        for name in ("vehicles", "people", "animals", "faces"):
            for each in outcome[name]:
                what = self.word("what", each.get("kind", "face"))
                yield [what, "-", "-", _sure(each["found"]), "-", _place(each["box"])]

    def _track(self, track: dict[str, Any]) -> list[str]:
        plate = track["what"] == "plate"
        return [
            self.word("what", "plate" if plate else track["text"]),
            escaped(track["text"]) if plate else "-",
            _sure(track["read"]) if plate else "-",
            _sure(track["found"]),
            str(track["reads"]),
            self.word("direction", track["direction"]),
            self.word("what", track["vehicle"]) if track["vehicle"] else "-",
            f"{track['first_s']:.1f}-{track['last_s']:.1f} s",
        ]


def _head(outcome: dict[str, Any]) -> dict[str, object]:
    return {"file": escaped(outcome["file"]), "width": outcome["width"], "height": outcome["height"]}


def _sure(value: float) -> str:
    return f"{value:.{SURE_DIGITS}f}"


def _place(box: list[float]) -> str:
    left, top, right, low = (round(side) for side in box)
    return f"{left},{top} {right - left}x{low - top}"
