"""What is described by files of TOML in a folder of drivers: a file for each thing, named as the thing's id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Generic, Protocol, TypeVar

import msgspec


class Described(Protocol):
    """What a file describes."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Described)


class Shelf(Generic[T]):
    """The files of one folder. `word` is what a thing in it is called; whatever is wrong with one is an `error`.

    `contradictions` are what no description may say, although each of its values has the right type. `damage`: what
    is raised by looking for them where a value is no value at all.
    """

    def __init__(
        self,
        folder: Path,
        word: str,
        shape: type[T],
        error: type[Exception],
        contradictions: Callable[[T], Iterable[str]],
        damage: tuple[type[Exception], ...] = (),
    ) -> None:
        self._folder, self._word, self._shape, self._error = folder, word, shape, error
        self._contradictions = contradictions
        self._damage: tuple[type[Exception], ...] = (OSError, TOMLDecodeError, msgspec.ValidationError, *damage)
        self._loaded: dict[str, T] = {}

    def names(self) -> tuple[str, ...]:
        """What there is, for messages."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.toml")))

    def load(self, name: str) -> T:
        """The description of this name, read once. Raises the error, which says what there is, or what is wrong."""
        if name not in self._loaded:
            self._loaded[name] = self.made(name, lambda: self.table(name))
        return self._loaded[name]

    def read(self, name: str, text: str) -> T:
        """Make a description of its text. Raises the error."""
        return self.made(name, lambda: loads(text))

    def table(self, name: str) -> dict[str, object]:
        """The file as it stands. Raises the error where there is none of this name."""
        if name not in self.names():
            raise self._error(f"no {self._word} {name!r}; there are {', '.join(self.names())}")
        return loads((self._folder / f"{name}.toml").read_text(encoding="utf-8"))

    def made(self, name: str, table: Callable[[], dict[str, object]]) -> T:
        """Make a description of its table. Raises the error."""
        where = f"drivers/{self._folder.name}/{name}.toml"
        try:
            found = msgspec.convert(table(), self._shape)
            wrong = [*self._contradictions(found)]
        except self._damage as error:
            raise self._error(f"{where} is damaged: {error}; install Menshen again") from error
        if found.id != name:
            wrong.append(f"it calls itself {found.id!r}")
        if wrong:
            raise self._error(f"{where} is wrong: {'; '.join(wrong)}")
        return found
