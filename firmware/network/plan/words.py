"""The words of the plan: key -> (English, Chinese)."""

from __future__ import annotations

PLAN_WORDS: dict[str, tuple[str, str]] = {
    "plan_title": ("Plan", "平面图"),
    "plan_legend": (
        "Outside on the left. A solid line is proven; a broken line or “?” is not. Tap a door or lane for its card.",
        "左侧为院外。实线表示已证实，虚线或“？”表示未证实。点按门或车道可查看其卡片。",
    ),
    "plan_outside": ("Outside, or no area named", "院外，或未指定区域"),
    "plan_unnamed": ("Inside, no area named", "院内，未指定区域"),
    "plan_inside": ("{area}: {count} inside", "{area}：内有 {count}"),
    "plan_inside_unknown": ("{area}: count not known", "{area}：人数不明"),
    "plan_from": ("from {area}", "来自 {area}"),
    # until when a portal is held
    "hold_operator": (
        "Held open until {until}. Then it follows its hours and credentials again. It can be ended before.",
        "保持开放至 {until}，之后恢复按时段和凭证通行。可提前结束。",
    ),
    "hold_lane": (
        "Held open until {until}. Then it closes once the lane is clear, unless its hours keep it open. It can be "
        "ended before.",
        "保持开放至 {until}，之后在车道清空后关闭（时段常开除外）。可提前结束。",
    ),
    "hold_lane_stays": (
        "Held open until {until}. It stays open then, until somebody closes it by the local key.",
        "保持开放至 {until}。到时不会自动关闭，须用现场钥匙关闭。",
    ),
    "hold_holder": (
        "Held open by a credential presented twice, until {until}. The same again ends it before.",
        "由凭证连刷两次设为常开，至 {until}。再连刷两次可提前结束。",
    ),
    "hold_until_unknown": (
        "its time is over (the clock is not set, so it is not known when that is)",
        "时限结束（时钟未设置，无法显示时间）",
    ),
    "hold_locked": (
        "Locked by a person, without an end: it stays so until a person ends it.",
        "由人员锁定，无结束时间，须由人员解除。",
    ),
    "plan_elsewhere": ("Cameras elsewhere", "其他位置的摄像机"),
}
