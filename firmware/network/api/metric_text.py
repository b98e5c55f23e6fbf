"""Figures in Prometheus' text format 0.0.4: names with units, a type and a help line each, labels escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class Metric(NamedTuple):
    """One family. `samples`: labels and value; a counter's name ends in _total."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def gauge(name: str, told: str, value: float) -> Metric:
    return Metric(name, "gauge", told, (({}, value),))


def counter(name: str, told: str, value: float) -> Metric:
    return Metric(name, "counter", told, (({}, value),))


def text_of(metrics: Iterable[Metric]) -> bytes:
    return "".join(_lines(metrics)).encode()


def _lines(metrics: Iterable[Metric]) -> Iterator[str]:
    for metric in metrics:
        yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"
        for labels, value in metric.samples:
            named = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items())
            yield f"{metric.name}{{{named}}} {_number(value)}\n" if named else f"{metric.name} {_number(value)}\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
