"""The words of orders at the page, in English and Simplified Chinese; firmware/network/words.py says them."""

from __future__ import annotations

ACT_WORDS: dict[str, tuple[str, str]] = {
    # what can be asked
    "act_open": ("Open once", "单次开启"),
    "act_hold": ("Hold open", "保持开启"),
    "act_lock": ("Lock", "锁闭"),
    "act_release": ("End lock or hold", "解除锁闭或保持"),
    "act_reset": ("Reset a fault", "故障复位"),
    "act_out_of_service": ("Take out of service", "停用检修"),
    "act_in_service": ("Back into service", "恢复使用"),
    "act_acknowledge": ("I have seen it", "我已知悉"),
    "act_lockdown": ("Lockdown", "封锁"),
    "act_end_lockdown": ("End the lockdown", "解除封锁"),
    "act_evacuation": ("Evacuate", "紧急疏散"),
    "act_end_evacuation": ("End the evacuation", "解除疏散"),
    "act_at": ("{act}: {place}", "{act}：{place}"),
    "acts_more": ("Hold, lock", "保持、锁闭"),
    "acts_site": ("The whole site", "整个站点"),
    "acts_none": ("This account only looks; it opens nothing.", "此账户仅可查看，不能开门。"),
    # what it does
    "effect_open_door": (
        "Opens {place} for {seconds} s: whoever stands there gets in.",
        "{place} 将开启 {seconds} 秒：站在门口的人均可进入。",
    ),
    "effect_open_turnstile": (
        "Releases {place} for one person, for at most {seconds} s, whoever stands there.",
        "{place} 将放行一人，最多 {seconds} 秒，不论是谁。",
    ),
    "effect_open_barrier": (
        "Opens {place} for one vehicle, whoever drives it.",
        "{place} 将打开并放行一辆车，不论由谁驾驶。",
    ),
    "effect_open": ("Opens {place} once.", "{place} 将开启一次。"),
    "effect_hold": (
        "Keeps {place} open until the end that you choose: everybody gets in.",
        "{place} 将保持开启至您选择的时间：任何人均可进入。",
    ),
    "effect_lock": (
        "Locks {place} at once, for cards and schedules, too. Everybody can still leave. It stays so until somebody "
        "ends it.",
        "立即锁闭 {place}，凭证和时间计划均不再开启。所有人仍可外出。直至有人解除。",
    ),
    "effect_lock_barrier": (
        "Lets no vehicle in at {place}, cards and schedules included. It moves nothing. It stays so until somebody "
        "ends it.",
        "{place} 不再放行任何车辆进入，凭证和时间计划亦然。不会产生任何动作。直至有人解除。",
    ),
    "effect_release": (
        "Ends a lock or a hold of {place}: cards and schedules decide again, and a schedule may open it.",
        "解除 {place} 的锁闭或保持：恢复由凭证和时间计划决定，时间计划可能将其开启。",
    ),
    "effect_reset": (
        "Takes back the fault of {place} and commands its lock anew. Only after somebody has looked at it.",
        "清除 {place} 的故障并重新控制其锁。仅在有人到现场检查后进行。",
    ),
    "effect_reset_barrier": (
        "Takes back the fault of {place}; it may move again by its rules. Only after somebody has looked why it "
        "stopped, and that nobody is in danger. Stop, service key and emergency are reset at the lane.",
        "清除 {place} 的故障；之后可能按规则重新动作。仅在有人查明停止原因、确认无人有危险后进行。"
        "急停、检修钥匙和紧急关闭须在现场复位。",
    ),
    "effect_out_of_service": (
        "Takes {place} out of service: no card, code or schedule opens it until it is put back. Everybody can still "
        "leave. An operator can still open it once.",
        "停用 {place}：在恢复之前，任何凭证或时间计划均不能开启。所有人仍可外出，值班人员仍可单次开启。",
    ),
    "effect_out_of_service_barrier": (
        "Takes {place} out of service: no card, plate or schedule opens it until it is put back. It moves nothing. An "
        "operator can still open it once, and the key at the lane works.",
        "停用 {place}：在恢复之前，任何凭证、车牌或时间计划均不能开启。不会产生任何动作。"
        "值班人员仍可单次开启，现场钥匙仍有效。",
    ),
    "effect_in_service": (
        "Puts {place} back into service: cards and schedules decide again, and a schedule may open it.",
        "恢复 {place} 的使用：由凭证和时间计划决定，时间计划可能将其开启。",
    ),
    "effect_acknowledge": (
        "Says that you have seen the alarms of {place}. It changes nothing at the gate, and they stay here until their "
        "cause is gone.",
        "表示您已知悉 {place} 的告警。现场不会有任何变化；告警在原因消除前仍会显示。",
    ),
    "effect_lockdown": (
        "Refuses entry at once: everywhere, or at the places that you choose. Everybody can still leave. It moves no "
        "barrier. It stays until a named person ends it.",
        "立即禁止进入：全部或您选择的位置。所有人仍可外出。不会移动任何车辆出入口。直至指定人员解除。",
    ),
    "effect_end_lockdown": (
        "Ends the lockdown everywhere: cards and schedules decide again, and a schedule may open.",
        "解除所有位置的封锁：恢复由凭证和时间计划决定，时间计划可能将门开启。",
    ),
    "effect_evacuation": (
        "Releases every escape route of {place} at once and holds it, over lockdown and locks, until somebody ends it. "
        "Whoever is outside can come in, too.",
        "立即释放 {place} 的所有疏散通道并保持，优先于封锁和锁闭，直至有人解除。外面的人也可进入。",
    ),
    "effect_end_evacuation": (
        "Ends the evacuation of {place}: doors lock again as they did before it.",
        "解除 {place} 的疏散：各门恢复此前的锁闭状态。",
    ),
    "effect_closes": (
        "It closes by itself after the passage, once loops and beams prove that the lane is clear.",
        "通过后，待地感和对射证实车道清空即自动关闭。",
    ),
    "effect_stays_open": (
        "It stays open until somebody closes it by the key at the lane.",
        "将保持打开，直至有人在现场用钥匙关闭。",
    ),
    "effect_told": (
        "The journal keeps that it was you, in which role and from where.",
        "日志将记录操作人、角色及来源地址。",
    ),
    # the form
    "act_now": ("Now", "当前"),
    "act_now_state": ("{mode}; proven: {position}", "{mode}；实测：{position}"),
    "act_where": ("Where?", "位置"),
    "act_way": ("Which way?", "方向"),
    "act_until": ("Until when?", "保持到何时"),
    "act_until_clock": ("or until this time (then it counts, and not the choice above)", "或至此时刻（以此为准）"),
    "act_until_for": ("for {elapsed}", "{elapsed}"),
    "act_until_at": ("for {elapsed}, until {time}", "{elapsed}，至 {time}"),
    "act_everywhere": ("everywhere", "所有位置"),
    "act_tick_lockdown": ("Nobody is to come in there.", "确实要禁止进入。"),
    "act_tick_evacuation": ("Everybody is to get out now.", "确实要立即疏散所有人。"),
    "act_yes_lockdown": ("Begin the lockdown", "开始封锁"),
    "act_yes_evacuation": ("Begin the evacuation", "开始疏散"),
    "act_no": ("No, back", "否，返回"),
    "act_nowhere": ("There is nothing here that this could be asked of.", "此处没有可执行该操作的对象。"),
    "act_alarm": ("{text}: {advice}", "{text}：{advice}"),
    "act_silent": (
        "The controller does not answer now: what is shown is old, and nothing can be asked.",
        "控制器目前没有应答：显示的内容已过时，无法下达指令。",
    ),
    "act_old": ("This form is too old, or was not made for you.", "此表单已过期或不属于您。"),
    "act_old_next": (
        "Nothing was asked. Look at it as it is now, and decide again.",
        "未下达任何指令。请查看当前情况后重新决定。",
    ),
    "act_unchosen": ("Something was left out.", "有未选择的项目。"),
    "act_unchosen_next": ("Nothing was asked. Choose, and try again.", "未下达任何指令。请选择后重试。"),
    "act_fast": ("You ask too fast.", "操作过于频繁。"),
    "act_fast_next": ("Nothing was asked. Wait a moment and try again.", "未下达任何指令。请稍候重试。"),
    "act_too_many": ("too much is asked of the gate just now", "当前对门禁的指令过多"),
    # what became of it
    "asked_title": ("What you asked", "您的操作"),
    "fate_asked": ("Asked; not answered yet.", "已下达，等待应答。"),
    "fate_done": ("Accepted and recorded.", "已接受并记录。"),
    "fate_refused": ("Refused.", "被拒绝。"),
    "fate_refused_why": ("Refused: {why}.", "被拒绝：{why}。"),
    "fate_not_sent": ("Not asked: the controller is not connected.", "未下达：控制器未连接。"),
    "fate_not_sent_next": (
        "Nothing was done. Go there, and look at the controller's power and cabinet.",
        "未执行任何操作。请到现场处理，并检查控制器的电源和机箱。",
    ),
    "fate_not_known": (
        "Not known whether it was done: the controller did not answer in time.",
        "不确定是否已执行：控制器未及时应答。",
    ),
    "fate_not_known_next": (
        "Look at {place} below and at the last events, or go there, before you ask again.",
        "再次操作前，请查看下方 {place} 的状态和最近事件，或到现场确认。",
    ),
    # after a refusal
    "next_lockdown": ("Nobody gets in during a lockdown. A manager ends it.", "封锁期间禁止进入，须由管理员解除。"),
    "next_locked_by_operator": ("Somebody has locked it. A manager ends that.", "已被锁闭，须由管理员解除。"),
    "next_fault_latched": (
        "Go and look at it; then a manager resets the fault.",
        "请到现场检查，然后由管理员复位故障。",
    ),
    "next_barrier_barred": (
        "Its card says what holds it. Look at the lane, and end that there.",
        "其卡片显示了受阻原因。请到车道现场查看并排除。",
    ),
    "next_lane_not_clear": ("Look at the lane: something is there.", "请查看车道：有人、车或物。"),
    "next_not_in_sight": (
        "Go to the lane, see that nobody is in danger, and reset it there.",
        "请到车道现场，确认无人有危险后在现场复位。",
    ),
    "next_not_from_afar": (
        "Somebody has to do it at the gate. An installer can change what the page may ask there.",
        "须有人到现场操作。可由安装人员更改页面允许的操作。",
    ),
    "next_interlock": ("The other one has to be closed first.", "须先关闭另一处。"),
    "next_queue_full": (
        "Vehicles wait there already. Ask again when one has passed.",
        "已有车辆排队，请待通过后再试。",
    ),
    "next_clock_unknown_refused": (
        "The controller does not know the time.",
        "控制器时间未知。",
    ),
    "next_too_many": ("Wait a moment and ask again.", "请稍候重试。"),
    "next_other": (
        "Nothing was done. Look at its card and the last events.",
        "未执行任何操作。请查看其卡片和最近事件。",
    ),
    "reason_at": ("{reason}: {place}", "{reason}：{place}"),
    "list_comma": (", ", "、"),
    # what is proven of it
    "proof_turnstile": (
        "Nothing proves that a turnstile is released; a passage is told under the last events.",
        "闸机是否放行无法证实；有人通过时见最近事件。",
    ),
    "proof_not_monitored": ("Nothing there proves where it is: go and look.", "该处没有位置检测，请到现场查看。"),
    "proof_open_before": ("It stood open before already, and stands open.", "此前已开着，现仍开着。"),
    "proof_open": ("It is open.", "已打开。"),
    "proof_was_open": ("It was open, and is no longer.", "曾打开，现已不再打开。"),
    "proof_moving": ("On its way: not open yet.", "运行中，尚未打开到位。"),
    "proof_unknown": ("Where it is cannot be proven now: go and look.", "目前无法确认其位置，请到现场查看。"),
    "proof_not_open": ("Not open yet; its card says why.", "尚未打开，原因见其卡片。"),
    "proof_not_opened": ("Closed; nobody has opened it yet.", "关着，尚无人打开。"),
    "proof_unused": ("It stayed closed: nobody opened it in time.", "一直关着：时限内无人打开。"),
    "proof_open_now": ("It is open.", "已打开。"),
    "proof_hold_closed": (
        "Closed, as far as the contact says; that it is unlocked shows when somebody opens it.",
        "门磁显示关着；是否已解锁须有人开门才能证实。",
    ),
    "proof_closed": ("It is closed.", "已关闭。"),
    "proof_stands_open": ("It stands open: somebody has to close it there.", "仍开着：须有人到现场关闭。"),
    "proof_all_closed": ("All of them are closed.", "均已关闭。"),
    "proof_some_open": ("Not proven closed: {names}. Go and look.", "未证实关闭：{names}。请到现场查看。"),
    "proof_cards": ("Each card below says what is proven open.", "下方各卡片显示已证实打开的位置。"),
    "proof_fault_gone": ("No fault is latched there.", "目前没有锁存的故障。"),
    "proof_fault_stays": ("The fault is still there.", "故障仍存在。"),
    "proof_silent": (
        "The controller does not answer: nothing is proven any more. Go and look.",
        "控制器没有应答：无法证实任何状态，请到现场查看。",
    ),
    # commands, as the journal names them
    "command_OpenOnce": ("open once", "单次开启"),
    "command_HoldOpen": ("hold open", "保持开启"),
    "command_LockPortal": ("lock", "锁闭"),
    "command_ReleasePortal": ("end lock or hold", "解除锁闭或保持"),
    "command_ResetFault": ("reset a fault", "故障复位"),
    "command_SetOutOfService": ("service mode", "停用或恢复"),
    "command_Acknowledge": ("alarms seen", "确认告警"),
    "command_StartLockdown": ("lockdown", "封锁"),
    "command_EndLockdown": ("end the lockdown", "解除封锁"),
    "command_StartEvacuation": ("evacuate", "紧急疏散"),
    "command_EndEvacuation": ("end the evacuation", "解除疏散"),
    # alarms
    "alarm_over": ("There was an alarm; it is over, and nobody has seen it yet", "曾有告警，现已结束，尚无人知悉"),
    "alarm_over_advice": ("Look at the last events what it was.", "请在最近事件中查看详情。"),
}
