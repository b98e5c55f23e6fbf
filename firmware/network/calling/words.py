"""The words of calls: key -> (English, Chinese)."""

from __future__ import annotations

CALL_WORDS: dict[str, tuple[str, str]] = {
    "calls_title": ("Somebody calls", "有人呼叫"),
    "call_rings": ("Somebody has pressed the call button.", "有人按下了呼叫按钮。"),
    "call_since": ("Since {time}", "自 {time} 起"),
    "call_since_unknown": ("Since when is not known: the clock is not set.", "时钟未设置，呼叫时间不明。"),
    "call_next": (
        "Answer, so that others see that you take it. Look who it is, then open once or end the call.",
        "请先接听，让其他人知道由您处理；确认来人后单次开启或结束呼叫。",
    ),
    "call_old": (
        "This is what was last heard. The controller does not answer now: go and look.",
        "此为最后收到的情况。控制器目前没有应答，请到现场查看。",
    ),
    "call_answered_by": ("Answered by {name}.", "{name} 已接听。"),
    "call_answered_next": ("When it is done, open once or end the call.", "处理完毕后请单次开启或结束呼叫。"),
    "call_title": ("{place} calls: {site}", "{place} 呼叫：{site}"),
    "call_answer": ("Answer", "接听"),
    "call_take_over": ("Take over", "接替"),
    "call_end": ("End the call", "结束呼叫"),
    "call_at": ("{act}: {place}", "{act}：{place}"),
    "call_gone": ("Nobody calls there any more", "该处已没有呼叫"),
    "call_gone_next": (
        "It was ended, opened or missed meanwhile. The status page shows what stands now.",
        "呼叫已被结束、已开启或已超时。状态页显示当前情况。",
    ),
    "call_not_sent": ("The controller does not answer", "控制器没有应答"),
    "call_not_sent_next": (
        "Nobody was told that you answer. Go to the entrance, or try again.",
        "接听信息未能送达。请前往该入口，或重试。",
    ),
    "call_fast": ("That was too much in a short time", "操作过于频繁"),
    "call_fast_next": ("Wait a few seconds and try again.", "请等待几秒后重试。"),
    "call_back": ("Back to the status page", "返回状态页"),
    "command_AnswerCall": ("call answered", "接听呼叫"),
    "command_EndCall": ("call ended", "结束呼叫"),
}
