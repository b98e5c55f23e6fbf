"""How sure a measured rate is: exact bounds of a binomial share (C. J. Clopper, E. S. Pearson, Biometrika, 1934)."""

from __future__ import annotations

import math

SURE = 0.95  # one-sided: the true rate is beyond the bound in one of 20 such measurements
HALVINGS = 60  # 2^-60: finer than any count can tell


def upper(errors: int, of: int, sure: float = SURE) -> float:
    """The highest rate at which so few errors are still as likely as 1 - sure. Of nothing measured: 1.

    With 0 errors it is 1 - (1 - sure)^(1 / of), which the rule of three (3 / of) comes near.
    """
    if not 0 <= errors <= of:
        raise ValueError(f"{errors} of {of}")
    if errors == of:
        return 1.0
    if errors == 0:
        return float(1 - (1 - sure) ** (1 / of))
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(errors, of, middle) > 1 - sure else (low, middle)
    return high


def lower(hits: int, of: int, sure: float = SURE) -> float:
    """The lowest rate at which so many hits are still as likely as 1 - sure. Of nothing measured: 0."""
    return 1.0 - upper(of - hits, of, sure) if of else 0.0


def at_most(errors: int, of: int, rate: float) -> float:
    """How likely at most so many errors are."""
    if rate <= 0 or errors >= of:
        return 1.0
    if rate >= 1:
        return 0.0
    chance, against = math.log(rate), math.log1p(-rate)
    whole = math.lgamma(of + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(each + 1) - math.lgamma(of - each + 1) + each * chance + (of - each) * against)
        for each in range(errors + 1)
    )
