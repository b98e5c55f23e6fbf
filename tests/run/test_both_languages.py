"""Each room's own work in Chinese on a phone, at a real demo gate: by clicks, and no page or script complains."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from firmware.identity import Identity
from tests.backup.boards import PASSPHRASE
from tests.run.demo import CHROMIUM, LIMIT_S, PHONE, Demo, Panel, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")  # a folder, for whoever wants to look
LEFT = "net::ERR_ABORTED"  # of a stream, when its page is left
LIST = "姓名,房号,卡号,权限组\n冯毅,9-1-101,H10301:77:1,residents\n孙丽,9-1-102,H10301:77:2,residents\n"


class Phone:
    """A person's phone, in Chinese, that keeps what it complained of."""

    def __init__(self, page: Page, home: str) -> None:
        page.set_default_timeout(WAIT_MS)
        self.page = page
        self.home = home
        self.complaints: list[str] = []
        page.on("console", lambda told: self._note(told.type in ("error", "warning"), told.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("response", lambda answer: self._note(answer.status >= 400, f"{answer.status} {answer.url}"))
        page.on("requestfailed", lambda asked: self._note(asked.failure != LEFT, f"{asked.failure} {asked.url}"))

    def go(self, target: str) -> None:
        self.page.goto(f"{self.home}{target}")

    def press(self, button: str) -> None:
        self.page.locator("main").get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        self.page.locator("main").get_by_role("link", name=link, exact=True).click()

    def reads(self, text: str) -> None:
        self.page.locator("main").get_by_text(text).first.wait_for()

    def look(self, name: str) -> None:
        """It speaks Chinese, and nothing runs out of the phone's side."""
        self.page.wait_for_load_state("load")
        assert self.page.locator("html").get_attribute("lang") == "zh-Hans"
        assert self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

    def _note(self, bad: bool, text: str) -> None:
        if bad:
            self.complaints.append(f"{self.page.url}: {text}")


def test_every_room_does_its_work_in_chinese_on_a_phone(tmp_path: Path) -> None:
    (tmp_path / "owners.csv").write_text(LIST, encoding="utf-8")
    with demo(tmp_path / "state", "zh-CN") as (running, page, panel):
        panel.page.set_default_timeout(WAIT_MS)
        console = Phone(page, re.match(r"http://[^/]+", running.address("Page"))[0])
        guard = a_guard_joins(console)
        a_call_is_answered(guard, panel)
        the_lane_is_watched(guard)
        a_person_moves_in(console)
        a_list_is_taken_and_reviewed(console, tmp_path / "owners.csv")
        a_schedule_is_renamed(console)
        devices_and_selftest(console, panel)
        a_backup_is_made(console, running)
        the_api_is_read(console)
        assert guard.complaints == []
        assert console.complaints == []
    assert running.process.returncode == 0


def a_guard_joins(console: Phone) -> Phone:
    console.go("/accounts")
    console.page.get_by_label("姓名").fill("王刚")
    console.page.locator("#make-guard").check()
    console.press("创建账户")
    code = console.page.locator("code").inner_text()
    console.look("invited")
    guard = Phone(console.page.context.browser.new_context(viewport=PHONE, locale="zh-CN").new_page(), console.home)
    guard.go("/join")
    for field, content in (("name", "王刚"), ("code", code), ("new", PASSPHRASE), ("again", PASSPHRASE)):
        guard.page.fill(f"#{field}", content)
    guard.look("join")
    guard.page.locator("main form button").last.click()
    guard.page.wait_for_selector('body[data-live="yes"]')
    return guard


def a_call_is_answered(guard: Phone, panel: Panel) -> None:
    panel.page.get_by_role("button", name="Front door: press the call button").click()
    guard.page.get_by_role("button", name=re.compile("^接听")).click()
    guard.page.get_by_text("王刚 已接听").wait_for()
    guard.look("call")
    guard.page.locator(".call").get_by_role("link", name="单次开启").click()
    guard.press("单次开启")
    guard.page.locator('#portal-front_door[data-mode="accessed"]').wait_for()
    expect(guard.page.locator(".call")).to_have_count(0)


def the_lane_is_watched(guard: Phone) -> None:
    guard.page.get_by_role("link", name="摄像机").first.click()
    guard.page.fill("#shift-note", "夜班")
    guard.press("记录为本班次事由并查看")
    guard.page.locator("main img").first.wait_for()
    guard.look("viewing")


def a_person_moves_in(console: Phone) -> None:
    console.go("/people")
    console.follow("添加人员")
    console.page.get_by_label("姓名").fill("王芳")
    console.page.get_by_label("房号或家庭").fill("3-2-501")
    console.page.get_by_label("这是新房号").check()
    console.page.get_by_label("residents").check()
    console.press("保存并送达门禁")
    console.reads("门禁")
    console.look("brought")


def a_list_is_taken_and_reviewed(console: Phone, sheet: Path) -> None:
    console.go("/people/import")
    console.page.set_input_files("#sheet", sheet)
    console.press("上传并查看")
    console.page.locator("#preview").wait_for()
    console.look("preview")
    console.page.fill("#why", "十一月的名单")
    console.press("导入名单")
    console.follow("谁会被拒绝？")
    console.page.fill("#why-make", "入住前核对")
    console.press("开始比较")
    console.page.locator("#result").wait_for()
    console.look("review")
    console.reads("最近 30 天内没有人出示过凭证。")
    console.follow("查看获得权限者")
    console.page.fill("#words", "孙")
    console.press("查找")
    expect(console.page.locator(".concerned > li")).to_have_count(1)
    console.reads("孙丽")
    console.look("gained")
    assert "孙" not in unquote(console.page.url)
    console.follow("返回审核")
    console.follow("查看全部差异")
    console.reads("有效")
    console.look("changes")
    console.follow("返回审核")
    console.follow("下发到门口")
    console.page.locator("main button").first.click()
    console.reads("门禁已启用")
    console.go("/people")
    console.page.fill("#text", "冯")
    console.page.locator("#people-rows").get_by_text("冯毅").wait_for()
    expect(console.page.locator("#people-rows > li")).to_have_count(1)
    console.look("found")


def a_schedule_is_renamed(console: Phone) -> None:
    console.go("/people/schedule?name=day")
    console.page.locator("summary", has_text="改名").click()
    console.page.fill("#new-name", "daytime")
    console.page.click("#rename")
    console.reads("时间表已改名")
    console.look("renamed")


def devices_and_selftest(console: Phone, panel: Panel) -> None:
    console.go("/devices")
    row = console.page.locator('[data-wire="bike_rex"]')
    expect(row.locator(".level")).to_have_text("静止")
    panel.press("E-bike shed", "Exit button")
    expect(row.locator(".counters")).to_contain_text(re.compile("[1-9]"))
    console.look("devices")
    console.page.get_by_role("link", name="自检", exact=True).click()
    console.page.get_by_label("E-bike shed").check()
    console.press("停用并开始")
    step = console.page.locator(".step", has_text="bike_rex").first
    step.locator("summary").click()
    step.get_by_role("button").first.click()
    console.page.locator("#now-stage").wait_for()
    console.look("selftest")
    panel.press("E-bike shed", "Exit button")
    console.page.locator('.step[data-stage="passed"]', has_text="bike_rex").wait_for()
    console.press("结束并签署报告")
    console.reads("目前没有进行中的自检。")
    console.look("report")


def a_backup_is_made(console: Phone, running: Demo) -> None:
    console.go("/backup")
    code = Identity.load_or_create(Path(running.line("State:").split()[1]) / "identity").claim_code
    why = console.page.locator("#make-why-advice").inner_text().rpartition("例如：")[2].rstrip("。")  # as it is advised
    for field, content in (("why", why), ("passphrase", PASSPHRASE), ("again", PASSPHRASE), ("code", code)):
        console.page.fill(f"#make-{field}", content)
    console.press("开始制作")
    console.look("backup-under-way")
    with console.page.expect_download() as coming:
        console.page.get_by_role("button", name=re.compile("^下载")).click()
    assert coming.value.suggested_filename.endswith(".backup")
    console.look("backup")


def the_api_is_read(console: Phone) -> None:
    console.go("/clients")
    console.page.locator('main a[href="/api"]').click()
    console.look("api")
    console.follow("人员、住户与凭证")
    console.page.get_by_role("heading", name="POST /api/v1/people/search").wait_for()
    console.look("api-people")
