"""The page's own words in English and Simplified Chinese, and which of the two a browser asks for.

Words of events, modes and advice come from the house's catalogues (firmware.texts); here is only what no other
program says.
"""

from __future__ import annotations

from firmware.network.accounts.words import ACCOUNT_WORDS
from firmware.network.acts.words import ACT_WORDS
from firmware.network.api.words import API_WORDS
from firmware.network.backup.words import BACKUP_WORDS
from firmware.network.calling.words import CALL_WORDS
from firmware.network.camera_view.face_words import FACE_WORDS
from firmware.network.camera_view.words import CAMERA_WORDS
from firmware.network.devices.words import DEVICE_WORDS
from firmware.network.imports.words import IMPORT_WORDS
from firmware.network.journal.words import JOURNAL_WORDS
from firmware.network.label.words import LABEL_WORDS
from firmware.network.people.refusal_words import PEOPLE_REFUSAL_WORDS
from firmware.network.people.words import PEOPLE_WORDS
from firmware.network.plan.words import PLAN_WORDS
from firmware.network.questions.words import QUESTION_WORDS
from firmware.network.review.words import REVIEW_WORDS
from firmware.network.rules.words import RULES_WORDS

LANGUAGES = ("en", "zh")
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}
ACCEPT_PARTS_MAX = 16  # of Accept-Language: more is no browser's

_WORDS: dict[str, tuple[str, str]] = {
    "live": ("Live", "实时"),
    "old": ("Not live", "非实时"),
    "silent_since": ("The controller has not answered since {time}.", "控制器自 {time} 起没有应答。"),
    "silent_for": ("The controller has not answered for {elapsed}.", "控制器已有 {elapsed} 没有应答。"),
    "silent_advice": (
        "What is shown below is what it last said, and may no longer be true. Go and look at doors and lanes, then at "
        "the controller's power and cabinet.",
        "以下为其最后上报的状态，可能已经变化。请到现场查看各门和车道，再检查控制器的电源和机箱。",
    ),
    "never_heard": ("Nothing has been heard of the controller yet.", "尚未收到控制器的任何消息。"),
    "page_lost": ("This page has lost its connection.", "本页面已断开连接。"),
    "page_lost_advice": (
        "What is shown is old. It connects again by itself; if it does not, load the page again.",
        "显示的内容已过时。页面会自动重连；若未恢复，请重新加载页面。",
    ),
    "page_full": ("Too many windows show this page.", "打开此页面的窗口过多。"),
    "page_full_advice": (
        "This one was the oldest and no longer changes. Close others and load it again.",
        "本窗口最早打开，已停止更新。请关闭其他窗口后重新加载。",
    ),
    "fire": ("Fire alarm", "火警"),
    "fire_advice": (
        "Escape routes have been told to open. Follow the site's fire plan; leave by the nearest exit.",
        "已指令疏散通道打开。请按消防预案行动，从最近的出口撤离。",
    ),
    "evacuation": ("Evacuation", "紧急疏散"),
    "evacuation_advice": (
        "Escape routes have been told to open, until a named person ends the evacuation.",
        "已指令疏散通道打开，直至指定人员解除疏散。",
    ),
    "lockdown": ("Lockdown", "封锁"),
    "lockdown_advice": (
        "Nobody is let in. Everybody can still leave. Only a named person ends it.",
        "禁止进入，但所有人仍可外出。只有指定人员可以解除。",
    ),
    "store_failed": ("Events cannot be saved", "事件无法保存"),
    "store_failed_advice": (
        "Doors go on working; what is shown below is from before this. Call maintenance: the storage is full, "
        "read-only or damaged.",
        "门禁继续工作；以下显示的是此前的状态。请联系维修：存储已满、只读或损坏。",
    ),
    "clock_unknown": ("The clock is not set", "时钟未设置"),
    "clock_unknown_advice": (
        "Residents pass; visitors and time-limited cards are refused until the time is known.",
        "常驻住户可通行；在获得时间之前，访客及限时凭证将被拒绝。",
    ),
    "needs_person": ("Needs a person", "需要人员处理"),
    "nothing_needed": ("Nothing needs you now.", "目前无需处理。"),
    "not_known": ("Not known while the controller does not answer.", "控制器未应答，情况不明。"),
    "seen": ("seen", "已知悉"),
    "portals": ("Doors and turnstiles", "门与闸机"),
    "portals_and_lanes": ("Lanes, doors and turnstiles", "车道、门与闸机"),
    "no_portals": ("No doors have been reported yet.", "尚无门的状态。"),
    "asked": ("Asked", "指令"),
    "proven": ("Proven", "实测"),
    "differs": ("Open, although it should be locked.", "应为锁定，但门开着。"),
    "unproven": ("Its position cannot be proven now.", "目前无法确认其位置。"),
    "enrolling": ("The reader waits for a new card.", "读卡器正等待登记新卡。"),
    "position_lost": ("not known", "未知"),
    "door": ("Door", "门"),
    "turnstile": ("Turnstile", "闸机"),
    "barrier": ("Barrier", "车辆出入口"),
    # a vehicle lane: what stands there
    "bollard": ("Rising bollard", "升降柱"),
    "boom": ("Boom barrier", "道闸"),
    "sliding_gate": ("Sliding gate", "平移门"),
    "swing_gate": ("Swing gate", "平开门"),
    "bollard_open": ("Down, lane open", "已降到位"),
    "bollard_closed": ("Up, lane blocked", "已升到位"),
    "bollard_opening": ("Going down, not there yet", "正在下降，未到位"),
    "bollard_closing": ("Going up, not there yet", "正在上升，未到位"),
    "boom_open": ("Up, lane open", "已抬杆到位"),
    "boom_closed": ("Down, lane blocked", "已落杆到位"),
    "boom_opening": ("Going up, not there yet", "正在抬杆，未到位"),
    "boom_closing": ("Coming down, not there yet", "正在落杆，未到位"),
    "lane_mode_locked": ("Closed", "关闭"),
    "lane_mode_accessed": ("Open for one vehicle", "放行一辆"),
    "lane_mode_unlocked": ("Open", "常开"),
    # what is drawn of it
    "lane_lights": ("Lights", "红绿灯"),
    "lane_serving": ("May go", "放行方向"),
    "lane_waiting": ("Waiting", "排队"),
    "lane_spots": ("Sensors", "地感与对射"),
    "lane_all_clear": ("nothing there", "均无车无人"),
    "lane_cycles": ("Times closed", "累计关闭次数"),
    "lane_queue": ("{way} {count}", "{way}向 {count} 辆"),
    "lane_against": ("Does not close", "未关闭的原因"),
    "lane_warning": ("Warns: closes now or soon", "警示中：正在或即将关闭"),
    "lane_fact": ("{label}: {text}", "{label}：{text}"),
    "lane_lamp": ("{way} {lamp}", "{way}向{lamp}"),
    "lane_device": ("{device}: {state}", "{device}：{state}"),
    "lane_spot": ("{what} {id}", "{what} {id}"),
    "lane_and": (", ", "，"),
    "lane_stop": (". ", "。"),
    "lane_inside": ("inside", "院内"),
    "lane_outside": ("outside", "院外"),
    "way_in": ("in", "进"),
    "way_out": ("out", "出"),
    "way_both": ("both ways, for everybody", "双向，所有车辆"),
    "lamp_red": ("red", "红灯"),
    "lamp_green": ("green", "绿灯"),
    "lamp_dark": ("dark", "不亮"),
    "spot_entry": ("Entry loop", "入口地感"),
    "spot_safety": ("Safety loop", "防砸地感"),
    "spot_exit": ("Exit loop", "出口地感"),
    "spot_photocell": ("Beam", "红外对射"),
    "spot_edge_closing": ("Closing edge", "关向防夹边"),
    "spot_edge_opening": ("Opening edge", "开向防夹边"),
    "active_entry": ("occupied", "有车"),
    "active_safety": ("occupied", "有车"),
    "active_exit": ("occupied", "有车"),
    "active_photocell": ("interrupted", "被遮挡"),
    "active_edge_closing": ("pressed", "被触碰"),
    "active_edge_opening": ("pressed", "被触碰"),
    "active_other": ("active", "动作"),
    "trouble_stuck": ("occupied for too long, not believed", "长时间有信号，不可信"),
    "trouble_fault": ("faulty", "故障"),
    "trouble_failed": ("failed its test", "自检未通过"),
    "trouble_unknown": ("has said nothing yet", "尚无信号"),
    "trouble_open": ("wire broken", "线路断开"),
    "trouble_short": ("wire shorted", "线路短路"),
    "trouble_lost": ("does not answer", "无应答"),
    "trouble_flickers": ("flickers", "信号闪动"),
    # what holds it, and why it does not close
    "bar_stop": ("Stop: pressed, or not reset yet", "急停：已按下或未复位"),
    "bar_isolated": ("Service key, crank or cover", "检修：钥匙、手摇柄或机盖"),
    "bar_fault": ("Fault: waits for a reset", "故障：待复位"),
    "bar_between": ("Half-way: waits for a person", "停在中途：待人员处理"),
    "bar_unknown": ("Position not proven", "位置未确认"),
    "bar_fire": ("Fire alarm: told to open", "火警：已指令打开"),
    "bar_fire_key": ("Fire brigade's key: told to open", "消防钥匙：已指令打开"),
    "bar_hold_to_run": ("Moved by the local key", "现场钥匙点动中"),
    "bar_evacuation": ("Evacuation: told to open", "紧急疏散：已指令打开"),
    "bar_emergency": ("Emergency: told to close", "紧急关闭：已指令拦阻"),
    "bar_lockdown": ("Lockdown: nobody is let in", "封锁：禁止驶入"),
    "bar_on_battery": ("On battery: does not close", "电池供电：不会关闭"),
    "bar_obstructed": ("Obstructed again: waits for a reset", "再次遇阻：待复位"),
    "bar_doubt": ("Lane not certain to be clear: look and confirm", "车道是否清空存疑：须现场确认"),
    "against_active": ("somebody or something is there", "有人、车或物"),
    "against_clearing": ("has just cleared: waits a moment", "刚清空，稍候"),
    "against_not_healthy": ("not known to work, call maintenance", "工作状态不明，请联系维修"),
    "against_not_proven": ("has not shown for long that it works", "长时间未证实有效"),
    "against_hold_to_run_only": ("Closes by the local key only, by somebody who sees it", "仅限现场目视用钥匙关闭"),
    "against_not_reported": ("not every input has reported yet", "部分输入尚无信号"),
    "against_not_reported_by": ("has not reported yet", "尚无信号"),
    "against_schedule": ("Open at this time by schedule", "当前时段按计划常开"),
    "against_operator": ("Held open by an operator", "值班人员设为常开"),
    "against_passage": ("A vehicle passes", "有车辆正在通过"),
    # details of its events
    "detail_open": ("to open", "打开"),
    "detail_close": ("to close", "关闭"),
    "detail_opening": ("opening", "打开"),
    "detail_closing": ("closing", "关闭"),
    "detail_key": ("somebody took the local key", "有人接管现场钥匙"),
    "detail_key_released": ("local key released", "现场钥匙已松开"),
    "detail_by_command": ("by command", "由指令触发"),
    "detail_on_battery": ("on battery", "电池供电"),
    "detail_fault_relay": ("its fault relay says so", "故障继电器动作"),
    "detail_self_test": ("failed its test", "自检未通过"),
    "detail_drive_fault": ("the drive reports a fault", "驱动器报故障"),
    "detail_arm_detached": ("arm off", "闸杆脱落"),
    "detail_pinched": ("somebody or something in the way", "遇阻"),
    "detail_obstructed_while_opening": ("in the way while opening", "打开时遇阻"),
    "detail_both_directions_obstructed": ("in the way on both sides", "两个方向均遇阻"),
    "detail_overdue": ("did not reach its end in time", "超时未到位"),
    "detail_contradicted": ("both limits at once", "两个限位同时有信号"),
    "detail_limit_stuck": ("its open limit does not let go", "开到位限位未释放"),
    "detail_limit_lost": ("a limit cannot be read", "限位无法读取"),
    "detail_jumped": ("moved without being told to", "未经指令而移动"),
    "lane_fault_advice": (
        "It does not move by power until it is reset. Go and look why it stopped and that nobody is in danger, then "
        "reset it at the lane. If vehicles must pass meanwhile, use the hand release.",
        "复位前不会电动运行。请到现场查明原因，确认无人有危险后在现场复位。期间如需放行车辆，请使用手动释放。",
    ),
    "events": ("Last events", "最近事件"),
    "no_events": ("No events yet.", "暂无事件。"),
    "events_unreadable": ("Events cannot be read now: {why}", "目前无法读取事件：{why}"),
    "time_unknown": ("time not known", "时间未知"),
    "about": ("About this controller", "关于本控制器"),
    "version": ("Version", "版本"),
    "uptime": ("Running for", "已运行"),
    "roster": ("Roster", "名册"),
    "roster_none": ("none yet", "尚无"),
    "roster_version": ("version {version}", "第 {version} 版"),
    "journal": ("Events saved up to", "事件已保存至"),
    "backlog": ("Events not saved yet", "待保存事件"),
    "lost_events": ("Events lost", "丢失事件"),
    "dropped": ("Reports dropped", "丢弃的报告"),
    "devices": ("Devices", "设备"),
    "devices_running": ("all {count} running", "共 {count} 个，全部正常"),
    "list_separator": ("; ", "；"),
    "camera": ("Camera {camera}", "摄像机 {camera}"),
    "camera_rate": ("{rate} pictures a second", "每秒 {rate} 帧"),
    "camera_blind": ("does not see", "看不到画面"),
    "camera_dropped": ("dropped: {dropped} ({percent} %)", "丢弃 {dropped} 帧（{percent}%）"),
    "camera_latency": ("{ms} ms from picture to answer, {most} at most", "从画面到结果 {ms} 毫秒，最多 {most} 毫秒"),
    "camera_losses": ("lost: {count}", "中断 {count} 次"),
    "camera_dark": ("black pictures: {count}", "黑帧 {count} 个"),
    "camera_resized": ("changes of size: {count}", "画面尺寸变化 {count} 次"),
    "camera_jumps": ("jumps in time: {count}", "时间跳变 {count} 次"),
    "camera_corrupt": ("damaged pictures: {count}", "损坏 {count} 帧"),
    "camera_failures": ("unexpected failures: {count}", "意外故障 {count} 次"),
    "occupancy": ("Inside now", "目前在内"),
    "trouble": ("Connection", "连接"),
    "trouble_none": ("in order", "正常"),
    "device_lost": ("Device does not answer", "设备无应答"),
    "device_lost_advice": (
        "Look at its cable and supply, then call maintenance.",
        "请检查其线缆和供电，然后联系维修。",
    ),
    "reader_muted": ("Reader muted because of noise on its wires", "读卡器线路干扰过大，已暂停"),
    "reader_muted_advice": (
        "Use another entrance. It is tried again by itself; if it stays so, call maintenance.",
        "请使用其他入口。系统会自动重试；若仍未恢复，请联系维修。",
    ),
    "unknown_alarm_advice": ("Call maintenance and tell them this line.", "请联系维修并告知本行内容。"),
    "days": ("{count} d", "{count} 天"),
    "hours": ("{count} h", "{count} 小时"),
    "minutes": ("{count} min", "{count} 分钟"),
    "seconds": ("{count} s", "{count} 秒"),
    "skip": ("Skip to the doors", "跳到门状态"),
    "skip_main": ("Skip to the content", "跳到正文"),
    "switch_language": ("Language", "语言"),
    "title_count": ("({count}) {site}", "（{count}）{site}"),
    "missing_title": ("There is no such page", "没有这个页面"),
    "missing_next": ("Go to the start page.", "返回首页。"),
    "method_title": ("That is not possible here", "此处不能这样操作"),
    "large_title": ("This request is too large", "请求过大"),
    "large_next": (
        "Delete this site's cookies in the browser and try again.",
        "请在浏览器中清除本站的 Cookie 后重试。",
    ),
    "host_title": ("This name is not served here", "此处不提供该主机名"),
    "host_next": (
        "Use http://127.0.0.1 or http://localhost with the port that the program printed.",
        "请使用 http://127.0.0.1 或 http://localhost 以及程序打印的端口。",
    ),
}

_WORDS |= ACCOUNT_WORDS | ACT_WORDS | API_WORDS
_WORDS |= QUESTION_WORDS | IMPORT_WORDS
_WORDS |= JOURNAL_WORDS | BACKUP_WORDS | LABEL_WORDS
_WORDS |= DEVICE_WORDS
_WORDS |= PLAN_WORDS | CALL_WORDS
_WORDS |= RULES_WORDS | REVIEW_WORDS
_WORDS |= CAMERA_WORDS | FACE_WORDS
_WORDS |= PEOPLE_WORDS | PEOPLE_REFUSAL_WORDS


class Words:
    """The page's words in one language: `words("live")`, `words("as_of", time="14:03")`."""

    def __init__(self, language: str) -> None:
        assert language in LANGUAGES, language
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        return _WORDS[key][self._column].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a word: what others say may be newer than these."""
        return key in _WORDS

    def elapsed(self, seconds: float) -> str:
        """A span in its two largest units: 3 h 5 min."""
        left = max(0, int(seconds))
        parts: list[str] = []
        for unit, length_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
            count, left = divmod(left, length_s)
            if count:
                parts.append(self(unit, count=count))
        return " ".join(parts[:2]) if parts else self("seconds", count=0)


def language_for(chosen: str | None, accept: str, otherwise: str) -> str:
    """The language to answer in: the switch's, else the browser's best (RFC 9110, 12.5.4), else the site's."""
    if chosen in LANGUAGES:
        return chosen
    best, best_weight = otherwise, 0.0
    for part in accept.split(",")[:ACCEPT_PARTS_MAX]:
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        primary = tag.split("-")[0]
        weight = _weight(parameters)
        if primary in LANGUAGES and weight > best_weight:
            best, best_weight = primary, weight
    return best if best in LANGUAGES else LANGUAGES[0]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0  # not a weight: as if it were not asked for
    return 1.0
