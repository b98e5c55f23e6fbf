"""What is at the gate by the API, what waits, what is brought; and jobs, which no name stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.network.api_client import seen, told, words
from tests.people.api_office import CLIENT, ApiOffice, play, silent_desk


async def standing(running: ApiOffice) -> dict[str, object]:
    return told(await running.get("gate"))


async def bring_by_page(running: ApiOffice) -> None:
    """The first roster: the page's form may bring it without a review."""
    batch = str((await standing(running))["batch"])
    response = await running.page.post("/people/bring", [("batch", batch)])
    id = (response.header("location") or "").partition("id=")[2].partition("&")[0]
    await seen(running.page, f"/api/v1/jobs/{id}", running.token, lambda looked: told(looked)["over"])


async def edit(running: ApiOffice, holder: str, key: str) -> None:
    body = {"kind": "tag", "key": key, "at_once": False, "why": "a tag"}
    assert (await running.post(f"people/{holder}/credentials", body, key=f"key-{key}")).status == 201


def test_edits_of_one_holder_are_brought_and_the_job_says_what_became_of_it(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        await bring_by_page(running)
        before = await standing(running)
        assert (before["waiting"], before["reviewed"], before["live"], before["here"]) == ([], False, True, True)
        await edit(running, "h1", "tag-1")
        waits = await standing(running)
        (one,) = waits["waiting"]  # type: ignore[misc]
        assert (one["who"], one["why"], one["holders"]) == (f"client:{CLIENT}", "a tag", ["h1"])
        assert (waits["reviewed"], waits["served_batch"]) == (False, before["batch"])
        started = await running.post("gate/bring", {"batch": waits["batch"], "why": "moves in"})
        job = await running.over(started)
        assert (job["outcome"], job["outcome_at"], job["who"]) == ("brought", "/api/v1/gate", f"client:{CLIENT}")
        content = job["told"]
        assert isinstance(content, dict)
        assert (content["answer"], content["batch"]) == ("taken", str(waits["batch"]))
        after = await standing(running)
        assert (after["served_batch"], after["waiting"]) == (waits["batch"], [])
        assert str(after["served_version"]) == content["version"]
        assert running.desk.gate.told()[-1] == ("handed_in", f"batch {waits['batch']}")

    play(tmp_path, scene)


@pytest.mark.attack("people-19")
def test_what_needs_a_review_is_not_brought_past_it(tmp_path: Path) -> None:
    """Edits of two holders, a first roster, and a batch that nobody has looked at."""

    async def scene(running: ApiOffice) -> None:
        first = await running.post("gate/bring", {"batch": (await standing(running))["batch"]}, accept_language="zh-CN")
        assert words(first) == ("not_taken", "409")
        assert (told(first)["reasons"], told(first)["at"]) == (["review_first"], "/api/v1/review")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(told(first)["cause"]))
        await bring_by_page(running)
        await edit(running, "h1", "tag-1")
        looked_at, served = (await standing(running))["batch"], (await standing(running))["served_batch"]
        await edit(running, "h1", "tag-2")
        job = await running.over(await running.post("gate/bring", {"batch": looked_at}, key="key-of-old"))
        assert (job["outcome"], job["refused"]) == ("", "people_moved_on")
        await edit(running, "h2", "tag-3")
        now = await standing(running)
        assert now["reviewed"] is True
        refused = await running.post("gate/bring", {"batch": now["batch"]}, key="key-of-two")
        assert told(refused)["reasons"] == ["review_first"]
        assert (await standing(running))["served_batch"] == served, "nothing of it is at the gate"

    play(tmp_path, scene)


def test_a_list_is_begun_once(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        assert (await standing(running))["listed"] is False
        begun = await running.post("gate/begin", {"why": "first day"})
        assert begun.status == 200, begun.text
        assert (await standing(running))["listed"] is True
        again = await running.post("gate/begin", {"why": "first day"})
        assert words(again) == ("not_taken", "409")
        assert told(again)["reasons"] == ["people_source_there"]

    play(tmp_path, scene, source=False)


def test_a_job_that_nobody_knows_is_no_job(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        for job in ("nothing", "x" * 64, "x" * 65, "%00", "%e9%97%a8"):
            assert words(await running.get(f"jobs/{job}")) == ("no_such_thing", "404"), job
            assert words(await running.post(f"jobs/{job}/cancel", {})) == ("no_such_thing", "404"), job
        assert words(await running.post("jobs/nothing/cancel", {"why": "x"})) == ("not_understood", "422")
        assert words(await running.get("jobs/nothing", running.guard)) == ("not_allowed", "403")
        assert (await running.page.get("/people/job/state?id=nothing")).status == 404, "the page's script asks the API"

    play(tmp_path, scene)


def test_while_the_desk_is_away_a_job_may_be_working(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        socket, aside = tmp_path / "people.sock", tmp_path / "aside.sock"
        socket.rename(aside)
        assert words(await running.get("jobs/nothing")) == ("not_sent", "503")
        assert words(await running.get("gate")) == ("not_sent", "503")
        async with silent_desk(socket):
            assert words(await running.get("jobs/nothing")) == ("not_known", "504")
            assert words(await running.post("gate/bring", {"batch": 1})) == ("not_known", "504")
        aside.rename(socket)
        assert (await running.get("gate")).status == 200

    play(tmp_path, scene)
