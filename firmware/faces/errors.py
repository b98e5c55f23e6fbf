"""What can go wrong with enrolled faces. Whatever it is: nobody matches, nothing opens, cards go on."""

from __future__ import annotations


class FacesError(Exception):
    """Enrolled faces cannot be read, kept or used. The text says what to do."""


class StoreUnreadable(FacesError):
    """The file of templates is damaged, another controller's, an older one, or open to others: nobody matches."""


class ConsentRefused(FacesError):
    """A consent is not what one may be: everything that is wrong with it, in words of `words`."""

    def __init__(self, *words: str) -> None:
        super().__init__(", ".join(words))
        self.words = words


class OneOfManyRefused(FacesError):
    """Nobody may be looked for among many here. The text prints the bound and the number of pairs it rests on."""
