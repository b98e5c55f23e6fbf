"""The kernel's GPIO chips through gpiod 2: which one is the board's, who holds a line, and requests for lines."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from drivers.board_description import BoardDescription, BoardLine, Pull
from drivers.bus.gpiod_two import gpiod
from drivers.bus.lines import BusError

DEVICES = Path("/dev")
PROCESSES = Path("/proc")
PROCESSES_MAX = 4_096  # looked through for a holder, and so many descriptors of each
EVENTS_MAX = 1_024  # of one request in the kernel: 0.5 s of a storm of 10 kHz is 10,000, a long frame is 400
CONSUMER_MAX = 31  # bytes that the kernel keeps of a name
BIAS = {
    Pull.UP: gpiod.line.Bias.PULL_UP,
    Pull.DOWN: gpiod.line.Bias.PULL_DOWN,
    Pull.NONE: gpiod.line.Bias.DISABLED,
}


class BoardLines:
    """The lines of a board by any of their names, with what an input of each gets."""

    def __init__(self, board: BoardDescription, pulls: Mapping[str, Pull]) -> None:
        """`pulls`: by any name of a line, instead of the board's own."""
        self._board = board
        self._pulls = {board.find(name) or name: pull for name, pull in pulls.items()}

    def find(self, name: str, holder: str) -> tuple[str, BoardLine]:
        """The line's own name, and what it is. Raises BusError."""
        own = self._board.find(name)
        if own is None or self._board.line[own].offset is None:
            raise BusError(f"{name} of {holder} is no line of the board {self._board.id}; see `menshen check`")
        return own, self._board.line[own]

    def pull(self, own: str) -> Pull:
        """What a contact gets: a broken wire reads as it did at boot."""
        line = self._board.line[own]
        return self._pulls.get(own) or line.pull or (Pull.UP if line.at_boot.level else Pull.DOWN)

    def data_pull(self, own: str) -> Pull:
        """What a line of a reader gets: its reader only pulls it down, and without one it rests."""
        return self._pulls.get(own) or self._board.line[own].pull or Pull.UP


class Chip:
    """An open chip. `number`: that of /dev/gpiochipN."""

    def __init__(self, path: Path) -> None:
        """Raises BusError."""
        try:
            self._chip = gpiod.Chip(str(path))
            name = self._chip.get_info().name
        except OSError as error:
            raise BusError(f"{path} cannot be opened: {error.strerror}; is our user in the group gpio?") from error
        self.number = int(name.removeprefix("gpiochip"))
        self.path = path

    def input_edges(self, lines: Mapping[int, Pull], consumer: str) -> gpiod.LineRequest:
        """Request lines for both edges, stamped on CLOCK_MONOTONIC; never debounced. Raises OSError."""
        settings: dict[Iterable[int | str] | int | str, gpiod.LineSettings | None] = {
            offset: gpiod.LineSettings(
                direction=gpiod.line.Direction.INPUT,
                edge_detection=gpiod.line.Edge.BOTH,
                bias=BIAS[pull],
                event_clock=gpiod.line.Clock.MONOTONIC,
            )
            for offset, pull in lines.items()
        }
        return self._chip.request_lines(settings, consumer=_cut(consumer), event_buffer_size=EVENTS_MAX)

    def output(self, offset: int, level: bool, consumer: str) -> gpiod.LineRequest:
        """Request an output, at its level before it is turned round. Raises OSError."""
        value = gpiod.line.Value.ACTIVE if level else gpiod.line.Value.INACTIVE
        settings = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT, output_value=value)
        return self._chip.request_lines({offset: settings}, consumer=_cut(consumer))

    def held_by(self, offset: int) -> str:
        """Who has the line, as far as the kernel tells; empty: nobody."""
        try:
            info = self._chip.get_line_info(offset)
        except (OSError, ValueError) as error:
            return f"an unknown holder ({error})"
        if not info.used:
            return ""
        process = holding_process(self.number, offset)
        return f"{info.consumer!r}" + (f" ({process})" if process else "")

    def close(self) -> None:
        self._chip.close()


def find_chip(board: BoardDescription, chip: str | None) -> Chip:
    """Open the board's chip: the one with its label, or the configured one by path, name or label. Raises BusError."""
    if chip is not None and chip.startswith("/"):
        return Chip(Path(chip))
    wanted = board.chips if chip is None else (chip,)
    seen = {}
    for path in sorted(DEVICES.glob("gpiochip*"), key=lambda path: (len(path.name), path.name)):
        opened = Chip(path)
        info = opened._chip.get_info()
        if info.label in wanted or (chip is not None and info.name == chip):
            return opened
        seen[info.name] = info.label
        opened.close()
    there = ", ".join(f"{name} ({label})" for name, label in seen.items()) or "none"
    raise BusError(
        f"no GPIO chip of the board {board.id} ({' or '.join(wanted)}) is on this machine; there are: {there}. Is this "
        "the right board, or shall [board] chip name another one?"
    )


def refusal(chip: Chip, name: str, own: str, offset: int, holder: str, error: Exception) -> BusError:
    """Why a line cannot be had: its names, who asked, and who has it."""
    line = name if name == own else f"{name} ({own})"
    has = chip.held_by(offset)
    busy = (isinstance(error, OSError) and error.errno == errno.EBUSY) or has
    if busy:
        return BusError(
            f"{line} of {holder} is held by {has or 'somebody else'}; end that, or give {holder} another line"
        )
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BusError(f"{line} of {holder} cannot be claimed on {chip.path}: {why}")


def holding_process(chip: int, offset: int, processes: Path = PROCESSES) -> str:
    """The process that holds a line, where the kernel tells (6.1 does) and we may look; empty where not."""
    wanted = {f"gpio-chip:\tgpiochip{chip}", f"gpio-line:\t{offset}"}
    folders = sorted(each for each in processes.iterdir() if each.name.isdigit())
    for folder in folders[:PROCESSES_MAX]:
        try:
            descriptors: Sequence[str] = os.listdir(folder / "fd")[:PROCESSES_MAX]
            for descriptor in descriptors:
                if os.readlink(folder / "fd" / descriptor) != "anon_inode:gpio-line":
                    continue
                if wanted <= set((folder / "fdinfo" / descriptor).read_text().splitlines()):
                    return f"{(folder / 'comm').read_text().strip()}, process {folder.name}"
        except OSError:
            continue  # it has ended meanwhile, or is not ours to look at
    return ""


def _cut(consumer: str) -> str:
    return consumer.encode()[:CONSUMER_MAX].decode(errors="ignore")
