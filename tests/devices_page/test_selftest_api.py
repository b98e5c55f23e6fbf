"""Self-tests by the API: what a program reads, what only a person who has logged in may ask; the same as by forms."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from firmware.messages import Ask
from firmware.network.accounts.account import Role
from firmware.selftest.messages import (
    BeginTest,
    Do,
    DoStep,
    DropTest,
    FinishTest,
    LookTest,
    PauseTest,
    ResumeTest,
    RunSeen,
    StepSeen,
)
from tests.devices_page.test_device_pages import DOOR, INSTALLER, REPORT, STEPS, Scripted, play
from tests.devices_page.test_devices_api import CHINESE, by_session, by_token, open_stream
from tests.network.accounts import Gate as Accounts
from tests.network.api_client import call, token_for, told, until, words
from tests.network.fake_controller import UTC_MS

TEST, STREAM = "/api/v1/selftest", "/api/v1/stream/selftest"
BEGIN, STEP, WHOLE, REPORTS = f"{TEST}/begin", f"{TEST}/step", f"{TEST}/run", f"{TEST}/reports"
WHO = {"issuer": "installer", "afar": INSTALLER}
READERS = (Role.INSTALLER, Role.MANAGER, Role.AUDITOR)
ASKED = (
    (BEGIN, {"portals": [DOOR]}),
    (STEP, {"run": "r1", "step": "watch:lamp", "do": "begin"}),
    (WHOLE, {"what": "pause"}),
)
KEYS = (f"key-{number:08}" for number in itertools.count())


def asking(number: str = "7384") -> RunSeen:
    """A run whose display asks about a number."""
    sign = StepSeen("display:sign", "display", "sign", "asking", DOOR, word=True, asks=number, left_ms=170_500, tries=2)
    return RunSeen("", "r1", False, "installer", (DOOR,), False, UTC_MS, 600_000, (*STEPS[:2], sign))


def heard(scripted: Scripted) -> list[LookTest]:
    """Every look at the run from now on."""
    looks: list[LookTest] = []

    def on_ask(ask: Ask) -> None:
        if isinstance(ask.command, LookTest):
            looks.append(ask.command)
        scripted._told(ask)

    scripted.page.controller.on_ask = on_ask
    return looks


# -- what is read -----------------------------------------------------------------------------------------------------


def test_the_run_is_told_with_what_was_observed_and_what_is_asked_now(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        tokens = [await token_for(running, role.value, role.value) for role in READERS]
        runs = [told(await call(page, "GET", TEST, token)) for token in tokens]
        assert runs[0] == runs[1] == runs[2]
        run = runs[0]
        assert (run["run"], run["paused"], run["issuer"], run["portals"]) == ("r1", False, "Li Na", [DOOR])
        assert (run["began"], run["lease_s"], run["may"]) == ("2026-11-23T05:03:22Z", 600, False)
        assert (run["uncovered"], run["choices"]) == (["front_drop"], [DOOR])
        counts = {stage: count for stage, count in run["counts"].items() if count}  # type: ignore[attr-defined]
        assert counts == {"passed": 1, "failed": 1, "listening": 1, "waiting": 1}
        passed, failed, listening, waiting = run["steps"]  # type: ignore[misc]
        assert (passed["id"], passed["stage"], passed["ended"]) == (
            *("present:front_reader", "passed"),
            "2026-11-23T05:03:22Z",
        )
        assert (failed["why"], failed["names"]) == ("other", ["front_contact"])
        assert failed["why_text"] == "Another one moved instead: front_contact. The wires are swapped."
        assert run["now"] == listening
        assert (listening["todo_text"], listening["left_s"]) == (
            "The lock has been released once. Now open the door, and let it close again.",
            60,
        )
        assert (waiting["by_word"], waiting["asks"]) == (True, "")
        chinese = told(await call(page, "GET", TEST, tokens[0], headers=CHINESE))["now"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese["todo_text"])  # type: ignore[index]

    play(tmp_path, scene)


def test_a_display_step_says_what_it_asks_about_in_both_languages_on_page_and_by_the_api(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page, scripted.run = running.page, asking()
        await running.log_in("installer")
        now = told(await page.get(TEST))["now"]
        assert (now["asks"], now["stage"], now["left_s"]) == ("7384", "asking", 171)  # type: ignore[index]
        for language, said in (
            ("en", "Does sign show the number 7384 now"),
            ("zh-CN", "sign 现在显示的数字是 7384 吗"),
        ):
            assert said in (await page.get("/selftest", accept_language=language)).text
            told_now = told(await page.get(TEST, accept_language=language))["now"]
            assert said in told_now["todo_text"]  # type: ignore[index]

    play(tmp_path, scene)


def test_without_a_run_it_says_what_may_be_tested(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        scripted.run = RunSeen("", choices=(DOOR, "bike_shed"))
        await running.log_in("installer")
        run = told(await running.page.get(TEST))
        assert (run["run"], run["steps"], run["now"], run["may"]) == ("", [], None, True)
        assert run["choices"] == [DOOR, "bike_shed"]

    play(tmp_path, scene)


def test_the_stream_tells_the_step_and_another_key_once_anything_else_has_changed(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        token = await token_for(running, "panel", "auditor")
        resource = told(await call(page, "GET", TEST, token))
        window = await open_stream(page, STREAM, token)
        first = await window.until("run")
        assert first["now"] == resource["now"]  # type: ignore[index]
        moved = StepSeen("open:front_contact", "open", "front_contact", "moved", DOOR, left_ms=119_000, tries=1)
        scripted.run = RunSeen("", "r1", False, "Li Na", (DOOR,), False, UTC_MS, 600_000, (*STEPS[:2], moved, STEPS[3]))
        page.controller.say(scripted.run)
        second = await window.until("run")
        assert second["now"]["stage"] == "moved"  # type: ignore[index]
        assert second["key"] == first["key"], "the page goes on as it stands"  # type: ignore[index]
        keys = {first["key"]}  # type: ignore[index]
        for number in ("7384", "5129"):
            page.controller.say(asking(number))
            shown = await window.until("run", lambda view, number=number: view["now"]["asks"] == number)  # type: ignore[index, misc]
            keys.add(shown["key"])  # type: ignore[index]
        assert len(keys) == 3, "and is made anew for each question"

    play(tmp_path, scene)


def test_reports_are_listed_and_come_as_they_were_signed_byte_for_byte(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        for role in READERS:
            token = await token_for(running, role.value, role.value)
            (entry,) = told(await call(page, "GET", REPORTS, token))["reports"]  # type: ignore[misc]
            assert (entry["id"], entry["issuer"], entry["passed"], entry["failed"]) == ("abc123", "Li Na", 5, 1)
            assert entry["ended"] == "2026-11-23T05:03:22Z"
            report = await call(page, "GET", f"{REPORTS}/abc123", token)
            assert (report.status, report.body) == (200, REPORT)
            assert report.header("content-type") == "text/html; charset=utf-8"
            assert report.header("content-disposition") == 'attachment; filename="self-test-abc123.en.html"'
        for name in ("abc123?language=zh", "other", "abc123.en.html", "..%2fidentity", "ABC", "a" * 65, "a%0a"):
            assert words(await call(page, "GET", f"{REPORTS}/{name}", token)) == ("no_such_thing", "404"), name
        assert words(await call(page, "GET", f"{REPORTS}/abc123?language=fr", token)) == ("not_understood", "400")
        guard = await token_for(running, "guard", "guard")
        for path in (TEST, STREAM, REPORTS, f"{REPORTS}/abc123"):
            assert words(await call(page, "GET", path, guard)) == ("not_allowed", "403"), path

    play(tmp_path, scene)


# -- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.attack("selftest-14")
def test_no_token_drives_a_test_nor_stands_at_its_gate(tmp_path: Path) -> None:
    """Whoever stole an installer's token takes no portal out of service, says no word, and keeps no run alive."""

    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        token = await token_for(running, "panel", "installer")
        looks = heard(scripted)
        for path, body in ASKED:
            refused = await by_token(page, path, token, body, next(KEYS))
            assert words(refused) == ("person_needed", "403"), path
            for said in (body, {"do": "yes"}, None):
                assert (await by_token(page, path, token, said, next(KEYS))).status == 403
        assert scripted.asked == []
        assert told(await call(page, "GET", TEST, token))["may"] is False
        window = await open_stream(page, STREAM, token)
        await window.until("run")
        await until(lambda: len(looks) >= 2)
        assert {(look.issuer, look.here) for look in looks} == {("client:panel", False)}

    play(tmp_path, scene)


def test_by_a_log_in_the_same_is_asked_as_by_the_forms_and_once_for_each_key(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")

        async def done(path: str, body: object) -> None:
            key = next(KEYS)
            for _ in range(2):
                response = await by_session(page, "POST", path, body, key)
                assert (response.status, told(response)["run"]) == (200, "r1"), response.text

        await done(BEGIN, {"portals": [DOOR, "bike_shed"], "site": True})
        await done(STEP, {"run": "r1", "step": "watch:lamp", "do": "begin"})
        await done(STEP, {"run": "r1", "step": "watch:lamp", "do": "skip", "note": " dark "})
        for what in ("pause", "resume", "drop"):
            await done(WHOLE, {"what": what})
        await done(WHOLE, {"what": "finish", "note": "seal 4711"})
        by_api, scripted.asked = scripted.asked, []
        await page.post("/selftest/begin", [("portal", DOOR), ("portal", "bike_shed"), ("site", "yes")])
        for do, note in (("begin", ""), ("skip", " dark ")):
            await page.post("/selftest/step", [("run", "r1"), ("step", "watch:lamp"), ("do", do), ("note", note)])
        for what, note in (("pause", ""), ("resume", ""), ("drop", ""), ("finish", "seal 4711")):
            await page.post("/selftest/run", [("what", what), ("note", note)])
        assert by_api == scripted.asked
        assert by_api == [
            BeginTest(portals=(DOOR, "bike_shed"), site=True, **WHO),
            DoStep(run="r1", step="watch:lamp", do=Do.BEGIN, **WHO),
            DoStep(run="r1", step="watch:lamp", do=Do.SKIP, note="dark", **WHO),
            PauseTest(**WHO),
            ResumeTest(**WHO),
            DropTest(**WHO),
            FinishTest(note="seal 4711", **WHO),
        ]

    play(tmp_path, scene)


def test_an_installers_look_by_script_keeps_the_run_alive_and_a_log_out_ends_it(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        looks = heard(scripted)
        assert told(await page.get(TEST))["may"] is True
        assert [(look.issuer, look.here) for look in looks] == [("installer", True)]
        assert (await by_session(page, "POST", BEGIN, {"portals": [DOOR]})).status == 200
        await page.post("/logout")
        async with asyncio.timeout(20):
            while not any(isinstance(command, PauseTest) for command in scripted.asked):
                page.controller.was_asked.clear()
                await page.controller.was_asked.wait()
        assert scripted.asked[-1] == PauseTest(issuer="installer", left=True)

    play(tmp_path, scene)


def test_bodies_that_no_schema_has_are_refused_and_nothing_is_asked(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        for path, body in (
            (BEGIN, {"portals": DOOR}),
            (BEGIN, {"portals": ["a" * 65]}),
            (BEGIN, {"portals": [f"p{number}" for number in range(33)]}),
            (BEGIN, {"portals": [DOOR], "sure": "yes"}),
            (STEP, {"run": "r1", "step": "watch:lamp"}),
            (STEP, {"run": "r1", "step": "watch:lamp", "do": "passed"}),
            (STEP, {"run": "", "step": "watch:lamp", "do": "yes"}),
            (STEP, {"run": "r1", "step": "watch:lamp", "do": "note", "note": "x" * 201}),
            (WHOLE, {"what": "erase"}),
            (WHOLE, {}),
        ):
            assert words(await by_session(page, "POST", path, body, next(KEYS))) == ("not_understood", "422"), body
        for role in (Role.MANAGER, Role.AUDITOR, Role.GUARD):
            await running.log_in(role.value)
            for path, body in ASKED:
                assert words(await by_session(page, "POST", path, body, next(KEYS))) == ("not_allowed", "403")
        assert scripted.asked == []

    play(tmp_path, scene)


def test_what_the_controller_refuses_is_said_with_what_to_do_and_silence_is_no_refusal(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        page.controller.refusals = {"BeginTest": ("not_from_afar:front_door",), "DoStep": ("selftest_too_late",)}
        refused = await by_session(page, "POST", BEGIN, {"portals": [DOOR]})
        assert words(refused) == ("refused", "409")
        assert told(refused)["reasons"] == ["not_from_afar:front_door"]
        assert "does not let Front door be taken out of service" in str(told(refused)["cause"])
        body = {"run": "r1", "step": "watch:lamp", "do": "yes"}
        late = await by_session(page, "POST", STEP, body, next(KEYS))
        assert told(late)["reasons"] == ["selftest_too_late"]
        chinese = await by_session(page, "POST", STEP, body, next(KEYS), **CHINESE)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(told(chinese)["cause"]))
        page.controller.refusals, page.controller.answers = {}, False
        key = next(KEYS)
        for _ in range(2):
            silent = await by_session(page, "POST", WHOLE, {"what": "pause"}, key)
            assert words(silent) == ("not_known", "504"), "it may be done: under its key it is not asked again"
        await page.controller.die()
        assert words(await by_session(page, "POST", WHOLE, {"what": "pause"}, next(KEYS))) == ("not_sent", "503")
        for path in (TEST, REPORTS, f"{REPORTS}/abc123"):
            away = await page.get(path)
            assert (words(away), away.header("retry-after")) == (("not_sent", "503"), "5"), path

    play(tmp_path, scene)
