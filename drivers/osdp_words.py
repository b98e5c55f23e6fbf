"""What an OSDP reader shows and sounds for each word of feedback: commands that the reader plays by itself.

One command a light, one a buzzer, one a display: each costs the line a turn, so a pattern is sent and not its steps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

TEXT_CHARACTERS_MAX = 32  # of the smallest displays; libosdp takes as many
TEXT_S = 3  # a passing word on a display
READER = 0  # of a device that may hold several: the only one that is used
TENTH_MS = 100  # the unit of OSDP's times


class Colour:
    """Colours by their numbers in SIA OSDP 2.2."""

    DARK = 0
    RED = 1
    GREEN = 2
    AMBER = 3


class Light(NamedTuple):
    """On and off times in tenths of a second; `total`: how long in all, 0: until another word."""

    on: int
    off: int = 0
    on_colour: int = Colour.RED
    off_colour: int = Colour.DARK
    total: int = 0


class Sound(NamedTuple):
    on: int
    off: int = 0
    times: int = 1  # 0: until another word


class Word(NamedTuple):
    light: Light
    sound: Sound | None = None


# The words are those of firmware.core.effects.Feedback; a test compares the two.
WORDS: dict[str, Word] = {
    "idle": Word(Light(1, 0, Colour.DARK)),
    "unlocked": Word(Light(1, 0, Colour.GREEN)),
    "lockdown": Word(Light(1, 0, Colour.RED)),
    "granted": Word(Light(30, 0, Colour.GREEN, total=30), Sound(2)),
    "denied": Word(Light(16, 0, Colour.RED, total=16), Sound(1, 1, 3)),
    "next_factor": Word(Light(3, 3, Colour.GREEN)),
    "second_person": Word(Light(2, 6, Colour.GREEN)),
    "locked_out": Word(Light(5, 5, Colour.RED)),
    "enrolling": Word(Light(4, 4, Colour.GREEN, Colour.RED)),
    "calling": Word(Light(2, 18, Colour.GREEN)),
    "answered": Word(Light(18, 2, Colour.GREEN)),
    "held_warning": Word(Light(10, 0, Colour.RED), Sound(2, 8, 0)),
}
RESTING = frozenset(("idle", "unlocked", "lockdown"))
# What is to be done before a camera, as in firmware.faces.steps.Prompt; a test compares the two.
PROMPTS = ("face_look", "face_blink", "face_left", "face_right", "face_again")
PROMPT_S = 6  # a little longer than there is time for a step


class Capability:
    """SIA OSDP 2.2: what a reader says that it can do."""

    LIGHTS = 4
    SOUND = 5
    TEXT = 6


# The numbers of libosdp's commands and reports (osdp.h); a test compares them with the module's.
COMMAND_LIGHT, COMMAND_BUZZER, COMMAND_TEXT, COMMAND_KEYSET, COMMAND_STATUS = 2, 3, 4, 5, 9
STATUS_LOCAL = 2
_SET, _SET_FOR = 1, 2
_SILENT, _TONE = 1, 2
_STAYS, _PASSES = 1, 3


def commands(word: str, text: str | None, sounding: bool) -> list[tuple[int, dict[str, Any]]]:
    """(capability that it needs, command) for a word, in their order; `sounding`: something has to be ended."""
    light, sound = WORDS[word]
    made: list[tuple[int, dict[str, Any]]] = [(Capability.LIGHTS, _light(light))]
    if sound is not None:
        made.append((Capability.SOUND, _buzzer(_TONE, sound.on, sound.off, sound.times)))
    elif sounding:
        made.append((Capability.SOUND, _buzzer(_SILENT, 0, 0, 0)))
    if text is not None:
        made.append((Capability.TEXT, _text(text, stays=light.total == 0)))
    return made


def prompting(text: str, beeping: bool) -> list[tuple[int, dict[str, Any]]]:
    """(capability that it needs, command) for a prompt: who turned the head away hears that there is another one."""
    beep = [(Capability.SOUND, _buzzer(_TONE, 1, 0, 1))] if beeping else []
    return [*beep, (Capability.TEXT, _text(text, stays=False, for_s=PROMPT_S))]


def silenced() -> tuple[int, dict[str, Any]]:
    """(capability, command): an empty text in place of a prompt that is over."""
    return Capability.TEXT, _text(" ", stays=False, for_s=1)


def passes(word: str) -> bool:
    """Its light goes out by itself, and what rests is seen again."""
    return WORDS[word].light.total > 0


def endless(word: str) -> bool:
    """Its sound goes on until something ends it."""
    sound = WORDS[word].sound
    return sound is not None and sound.times == 0


def local_status() -> dict[str, Any]:
    """Ask for tamper and power."""
    return {"command": COMMAND_STATUS, "type": STATUS_LOCAL}


def keyset(key: bytes) -> dict[str, Any]:
    """Give the reader another key."""
    return {"command": COMMAND_KEYSET, "type": 1, "data": key}


def _light(light: Light) -> dict[str, Any]:
    passing = light.total > 0
    command: dict[str, Any] = {
        "command": COMMAND_LIGHT,
        "reader": READER,
        "led_number": 0,
        "temporary": passing,
        "control_code": _SET_FOR if passing else _SET,
        "on_count": light.on,
        "off_count": light.off,
        "on_color": light.on_colour,
        "off_color": light.off_colour,
    }
    return command | {"timer_count": light.total} if passing else command


def _buzzer(control: int, on: int, off: int, times: int) -> dict[str, Any]:
    return {
        "command": COMMAND_BUZZER,
        "reader": READER,
        "control_code": control,
        "on_count": on,
        "off_count": off,
        "rep_count": times,
    }


def _text(text: str, stays: bool, for_s: int = TEXT_S) -> dict[str, Any]:
    return {
        "command": COMMAND_TEXT,
        "reader": READER,
        "control_code": _STAYS if stays else _PASSES,
        "temp_time": 0 if stays else for_s,
        "offset_row": 1,
        "offset_col": 1,
        "data": text,
    }
