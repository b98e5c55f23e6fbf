"""The rehearsal as a real process: what it announces, how it stops, and how it asks for a power cut."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from drivers.bus.exchange import Claim
from firmware.rehearsal.__main__ import main
from firmware.rehearsal.errors import ActionError, BusyError, FarEndError
from firmware.rehearsal.power import ASKED_S_MAX, Power
from firmware.rehearsal.virtual_time import run_virtual

ROOT = Path(__file__).parents[2]
LIMIT_S = 20


class Process:
    """`python -m firmware.rehearsal`, with the parent's end of its control socket."""

    def __init__(self, gate_file, folder, *more, panel=True):
        self.control, theirs = socket.socketpair()
        self.control.settimeout(LIMIT_S)
        self.socket = folder / "wires"
        command = [sys.executable, "-m", "firmware.rehearsal", "--socket", str(self.socket), "--plants", str(gate_file)]
        command += ["--control", str(theirs.fileno()), *more]
        command += ["--panel", "127.0.0.1:0"] if panel else []
        self.child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, pass_fds=[theirs.fileno()])
        theirs.close()
        self.ready = json.loads(self.child.stdout.readline())
        self.address = json.loads(self.child.stdout.readline())["panel"] if panel else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(LIMIT_S)
        self.child.stdout.close()


def test_it_serves_page_stream_and_actions_asks_for_a_cut_and_stops_with_a_stream_open(gate_file, tmp_path):
    with Process(gate_file, tmp_path) as it:
        assert it.ready == {"ready": str(it.socket)}
        origin, code = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/\?code=(\S{20,})", it.address).groups()
        with httpx.Client(timeout=LIMIT_S, follow_redirects=True) as client:
            assert client.get(origin + "/").status_code == 401
            assert "<main" in client.get(it.address).text
            assert code not in client.get(origin + "/").text
            plan = client.get(origin + "/plan").json()
            assert [door["id"] for door in plan["layout"]["door"]] == ["front_door", "bike_shed"]
            with client.stream("GET", origin + "/live") as live:
                lines = (json.loads(line[6:]) for line in live.iter_lines() if line.startswith("data: "))
                assert next(lines)["controller"] == {"listening": False, "can_cut": True, "cut_asked": False}
                with socket.socket(socket.AF_UNIX) as bus:
                    bus.connect(str(it.socket))
                    frame = msgspec.msgpack.encode(Claim(("GPIO6",)))
                    bus.sendall(len(frame).to_bytes(4, "big") + frame)
                    assert next(state for state in lines if state["controller"]["listening"])
                    said = client.post(origin + "/act", json={"do": "power_cut"}, headers={"Origin": origin})
                    assert said.json() == {"outcome": "asked"}
                    assert it.control.recv(100) == b'{"ask":"power_cut"}\n'
                    again = client.post(origin + "/act", json={"do": "power_cut"}, headers={"Origin": origin})
                    assert again.json()["outcome"] == "busy"
                cut = next(state for state in lines if not state["controller"]["listening"])
                assert cut["controller"]["cut_asked"] is True
                it.child.send_signal(signal.SIGTERM)
                assert it.child.wait(5) == 0
        assert not it.socket.exists()


def test_it_goes_with_whoever_started_it(gate_file, tmp_path):
    with Process(gate_file, tmp_path, panel=False) as it:
        it.control.close()
        assert it.child.wait(LIMIT_S) == 0
        assert not it.socket.exists()


def test_a_socket_can_be_handed_over(gate_file, tmp_path):
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    command = [sys.executable, "-m", "firmware.rehearsal", "--socket", str(tmp_path / "w"), "--plants", str(gate_file)]
    with subprocess.Popen(
        [*command, "--attach", str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE
    ) as child:
        theirs.close()
        frame = msgspec.msgpack.encode(Claim(("GPIO4",)))
        ours.sendall(len(frame).to_bytes(4, "big") + frame)
        assert int.from_bytes(ours.recv(4), "big") > 0
        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT_S) == 0
    ours.close()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--panel", "0.0.0.0:8090"], 2),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--panel", "192.168.1.2:8090"], 2),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--panel", "127.0.0.1:99999"], 2),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--panel", "127.0.0.1"], 2),
        (["--socket", "{tmp}/w", "--plants", "{tmp}/none.toml"], 1),
        (["--socket", "{tmp}/no/folder/w", "--plants", "{gate}"], 1),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--control", "{tmp}/nobody"], 1),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--control", "9999"], 1),
        (["--socket", "{tmp}/w", "--plants", "{gate}", "--attach", "9999"], 1),
    ],
)
def test_misuse_is_told_on_stderr_with_a_status(gate_file, tmp_path, capsys, arguments, status):
    argv = [argument.format(tmp=tmp_path, gate=gate_file) for argument in arguments]
    if status == 2:
        with pytest.raises(SystemExit) as ended:
            main(argv)
        assert ended.value.code == 2
    else:
        assert main(argv) == 1
    assert len(capsys.readouterr().err) > 20


def test_a_taken_port_is_told(gate_file, tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--socket", str(tmp_path / "w"), "--plants", str(gate_file), "--panel", f"127.0.0.1:{port}"]) == 1
    assert "--panel" in capsys.readouterr().err


# --- power ---


def test_a_cut_is_over_when_the_controller_was_gone_and_is_back():
    async def cut():
        ours, theirs = socket.socketpair()
        gone = asyncio.Event()
        power = Power(str(theirs.detach()), asyncio.get_running_loop(), gone.set)
        power.listeners_now(1)
        power.cut()
        seen = [power.asked()]
        power.listeners_now(1)  # not dead yet
        seen.append(power.asked())
        with pytest.raises(BusyError):
            power.cut()
        power.listeners_now(0)
        seen.append(power.asked())
        power.listeners_now(1)
        seen.append(power.asked())
        power.cut()
        await asyncio.sleep(ASKED_S_MAX + 1)  # it never came back: one may ask again
        seen.append(power.asked())
        asked = ours.recv(100)
        ours.close()
        await gone.wait()
        with pytest.raises(ActionError):
            power.cut()
        return seen, asked

    assert run_virtual(cut()) == ([True, True, True, False, False], b'{"ask":"power_cut"}\n' * 2)


def test_a_pipe_does_as_well():
    async def cut():
        read_end, write_end = os.pipe()
        power = Power(str(write_end), asyncio.get_running_loop(), lambda: None)
        power.cut()
        power.close()
        with os.fdopen(read_end, "rb") as pipe:
            return pipe.read()

    assert run_virtual(cut()) == b'{"ask":"power_cut"}\n'


def test_nobody_to_ask_is_told():
    async def nobody():
        power = Power(None, asyncio.get_running_loop(), lambda: None)
        assert power.can_cut() is False
        with pytest.raises(ActionError):
            power.cut()
        with pytest.raises(FarEndError):
            Power("9999", asyncio.get_running_loop(), lambda: None)

    run_virtual(nobody())
