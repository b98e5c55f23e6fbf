"""What people read of a self-test, on the page and in the report: key -> (English, Simplified Chinese)."""

from __future__ import annotations

SELFTEST_WORDS: dict[str, tuple[str, str]] = {
    # what a step is called, and what to do
    "task_present": ("Reader", "读卡器"),
    "task_present_do": ("Now hold a card to {device}.", "现在请在 {device} 刷一张卡。"),
    "task_press": ("Exit button", "出门按钮"),
    "task_press_do": (
        "Now press the exit button {device} and let it go. If it is a detector, step before it and away again.",
        "现在请按下出门按钮 {device} 再松开。如果是感应探测器，请走到它面前再离开。",
    ),
    "task_ring": ("Call button", "呼叫按钮"),
    "task_ring_do": (
        "Now press the call button {device} and let it go. It rings as ever.",
        "现在请按下呼叫按钮 {device} 再松开。会照常发出呼叫。",
    ),
    "task_open": ("Lock and contact", "门锁和门磁"),
    "task_open_do": (
        "The lock has been released once. Now open the door, and let it close again.",
        "门锁已释放一次。现在请开门，再让门关上。",
    ),
    "task_release": ("Lock without a contact", "无门磁的门锁"),
    "task_release_do": (
        "The lock has been released once. Now open the door, and let it close again. You will be asked whether it did.",
        "门锁已释放一次。现在请开门，再让门关上，随后请回答是否成功。",
    ),
    "task_turn": ("Turnstile, one way", "通道闸单向"),
    "task_turn_do": ("The arms have been released once. Now go through.", "通道闸已释放一次。现在请通过。"),
    "task_turn_free": ("Turnstile without a pulse", "无计数信号的通道闸"),
    "task_turn_free_do": (
        "The arms have been released once. Now go through. You will be asked whether they turned.",
        "通道闸已释放一次。现在请通过，随后请回答闸是否转动。",
    ),
    "task_move": ("Barrier and its limits", "拦挡设备及限位"),
    "task_move_do": (
        "Stand clear. The barrier opens once by its ordinary rules, and closes when nobody passes. Where it closes by "
        "the local key only, close it with that key.",
        "请离开车道。设备会按正常规则打开一次，无人通过时自动关闭；如果只能用现场钥匙关闭，请用钥匙关闭。",
    ),
    "task_occupy": ("Loop", "地感线圈"),
    "task_occupy_do": (
        "Now put something large of metal on the loop {device}, and take it away again.",
        "现在请把较大的金属物放到线圈 {device} 上，再移开。",
    ),
    "task_break": ("Beam", "光电对射"),
    "task_break_do": ("Now break the beam {device}, and free it again.", "现在请挡住光束 {device}，再移开。"),
    "task_bump": ("Safety edge", "安全触边"),
    "task_bump_do": ("Now press the edge {device}, and let it go.", "现在请压一下触边 {device}，再松开。"),
    "task_turn_key": ("Local key", "现场钥匙开关"),
    "task_turn_key_do": (
        "Look that nobody stands there: the key moves the barrier. Now turn the key {device} for a moment, and let "
        "it go.",
        "请确认无人停留：钥匙会使设备动作。现在请短时转动钥匙 {device}，再松开。",
    ),
    "task_switch": ("Switch or contact", "开关或触点"),
    "task_switch_do": (
        "Now operate {device}, and put it back as it was. What it latches is reset afterwards at the lane.",
        "现在请操作 {device}，再恢复原状。若产生锁存故障，请之后在车道现场复位。",
    ),
    "task_tamper": ("Tamper contact", "防拆触点"),
    "task_tamper_do": ("Now open the housing of {device}, and close it again.", "现在请打开 {device} 的外壳，再合上。"),
    "task_fire": ("Fire input", "消防输入"),
    "task_fire_do": (
        "This is no drill for the gate: escape routes open while the contact is operated. Now have the contact "
        "{device} operated at the fire panel, and reset.",
        "注意：触点动作期间，逃生通道会真的打开。现在请在消防主机上使触点 {device} 动作，再复位。",
    ),
    "task_watch": ("Lamp or other output", "指示灯或其他输出"),
    "task_watch_do": (
        "In a terminal on the controller, hold {device} on with `menshen wire`, and let it go. Look at it meanwhile.",
        "请在控制器终端用 `menshen wire` 按住输出 {device}，再松开，同时现场观察。",
    ),
    "task_measure": ("Measurement", "测量"),
    "task_measure_do": ("Wait for {device} to measure.", "请等待 {device} 上报测量值。"),
    "task_picture": ("Camera", "摄像机"),
    "task_picture_do": (
        "Now hold a number plate before the camera {device}.",
        "现在请在摄像机 {device} 前举起一块车牌。",
    ),
    "task_word": (
        "Did it do what it should: the right one, and only that one?",
        "动作是否正确：是这一个设备，而且只有这一个？",
    ),
    # how a step stands
    "stage_waiting": ("Not begun", "未开始"),
    "stage_listening": ("Waiting for you", "等待操作"),
    "stage_accused": ("Another input moved: looking", "另一个输入动作：正在判断"),
    "stage_moved": ("Seen. Now put it back", "已收到。现在请恢复原状"),
    "stage_settling": ("It is back. It has to stay", "已恢复，正在确认稳定"),
    "stage_asking": ("What did you see?", "请说明现场情况"),
    "stage_passed": ("Passed", "通过"),
    "stage_failed": ("Failed", "未通过"),
    "stage_skipped": ("Skipped", "已跳过"),
    # why a step failed
    "why_nothing": ("Nothing came in time.", "在规定时间内没有收到信号。"),
    "why_elsewhere": (
        "Nothing came from it. Meanwhile these moved elsewhere: {names}. Are the wires swapped?",
        "没有收到它的信号。同时其他位置有动作：{names}。线是否接反？",
    ),
    "why_other": ("Another one moved instead: {names}. The wires are swapped.", "动作的是另一个：{names}。线接反了。"),
    "why_both": (
        "Another one moved with it: {names}. The wires touch, or are joined.",
        "另一个同时动作：{names}。线路短接或并接。",
    ),
    "why_stuck": ("It did not come back: {names}.", "没有恢复原状：{names}。"),
    "why_partly": ("It went, but these did not move: {names}.", "有动作，但以下没有动作：{names}。"),
    "why_bounce": ("It went to and fro: a loose wire or a worn contact.", "反复通断：接线松动或触点磨损。"),
    "why_said_no": ("The person there said no.", "现场人员回答“否”。"),
    "why_no_word": ("Nobody answered in time.", "在规定时间内无人回答。"),
    "why_lost": ("{names} does not answer: power, cable, address.", "{names} 没有应答：请检查电源、电缆和地址。"),
    "why_failed": ("{names} cannot be driven.", "{names} 无法驱动。"),
    "why_noise": (
        "{names} sends noise: data lines swapped, no shield, or too long.",
        "{names} 收到的是杂波：数据线接反、未屏蔽或过长。",
    ),
    "why_unknown": ("Nothing has been heard of {names} yet.", "尚未收到 {names} 的任何状态。"),
    "why_unhealthy": ("{names} is not healthy: a broken or shorted wire.", "{names} 状态异常：断线或短路。"),
    "why_core": ("The controller did not do it: {names}.", "控制器没有执行：{names}。"),
    "why_in_service": ("Its portal is in service again.", "该出入口已恢复使用。"),
    # the report
    "report_title": ("Self-test of {site}", "{site} 自检报告"),
    "report_result_all": ("Every step has passed.", "全部步骤通过。"),
    "report_result_not": (
        "{failed} failed, {waiting} not done, {skipped} skipped, {passed} passed.",
        "未通过 {failed} 项，未做 {waiting} 项，跳过 {skipped} 项，通过 {passed} 项。",
    ),
    "report_person": ("Made by", "测试人员"),
    "report_began": ("Begun", "开始"),
    "report_ended": ("Ended", "结束"),
    "report_unknown": ("unknown: the controller did not know the time", "未知：控制器当时没有时间"),
    "report_controller": ("Controller", "控制器"),
    "report_key": ("Fingerprint of its key", "密钥指纹"),
    "report_version": ("Firmware", "固件版本"),
    "report_board": ("Serial of the board", "主板序列号"),
    "report_site": ("Site", "站点"),
    "report_site_file": ("SHA-256 of the site file", "站点文件 SHA-256"),
    "report_no_portal": ("The whole site", "全站"),
    "report_step": ("Step", "步骤"),
    "report_device": ("Device and terminal", "设备和端子"),
    "report_result": ("Result", "结果"),
    "report_when": ("When", "时间"),
    "report_took": ("took {s} s; tries: {tries}", "用时 {s} 秒；次数：{tries}"),
    "report_seen": ("What was observed", "观察记录"),
    "report_note": ("Note, serial or seal", "备注、序列号或封签"),
    "report_observed": ("observed by the controller", "由控制器观察"),
    "report_said": ("said by the person there", "由现场人员确认"),
    "report_proves": ("proves too: {names}", "同时证明：{names}"),
    "report_uncovered": ("Not covered by any step", "没有步骤覆盖"),
    "report_earlier": ("Earlier tries", "之前的尝试"),
    "report_of_controller": (
        "Every result is what the controller itself observed, or where it says so what the person there told. Names "
        "are those of the accounts that were logged in at the page.",
        "所有结果均为控制器自身的观察，注明者为现场人员的回答。姓名为当时登录页面的账户。",
    ),
    "report_no_conformity": (
        "This proves wires and functions. It is no measurement of forces and no declaration of conformity.",
        "本报告证明接线和功能，不是受力测量，也不是合格声明。",
    ),
    "report_verify": (
        "To verify it: menshen selftest verify FILE. It is signed by the controller's own key; compare the fingerprint "
        "with the one on its label.",
        "验证方法：menshen selftest verify 文件。报告由控制器自己的密钥签名；请与标签上的指纹对照。",
    ),
    "report_signature": ("Signature line of the installer", "安装人员签字"),
    "report_after": ("after {s} s", "{s} 秒后"),
}
