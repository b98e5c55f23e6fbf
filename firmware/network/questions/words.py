"""The words of the questions' pages, in English and Simplified Chinese; firmware/network/words.py says them."""

from __future__ import annotations

QUESTION_WORDS: dict[str, tuple[str, str]] = {
    "questions_why": ("Why?", "为什么？"),
    "questions_why_of": ("Why? {event}, {time}", "为什么？{event}，{time}"),
    "questions_why_title": ("Why was it decided so?", "为何如此判定？"),
    "questions_may_title": ("May she?", "能否通行？"),
    # what happened
    "questions_event": ("What happened", "发生了什么"),
    "questions_place": ("Where", "位置"),
    "questions_time": ("When", "时间"),
    "questions_row_link": ("Show this moment in the journal", "在日志中查看该时刻"),
    # the rules
    "questions_rules_then": ("The rules, as they were tried then", "当时依次适用的规则"),
    "questions_no_rules": ("The record names no rule.", "记录中没有规则。"),
    "questions_passed": ("in order", "符合"),
    "questions_stopped": ("this is what refused", "因此被拒绝"),
    "questions_asked_more": ("this was asked for", "因此要求进一步出示"),
    "questions_noted": ("noted", "备注"),
    "questions_not_decided": (
        "Nothing was decided here: this event tells of something else.",
        "此事件不是通行判定，没有依据可说明。",
    ),
    "questions_was_granted": ("She was let in.", "已放行。"),
    "questions_version_then": (
        "The roster in force then was version {version}, as it still is.",
        "当时生效的名册为版本 {version}，现在仍是该版本。",
    ),
    "questions_version_gone": (
        "The roster in force then was version {then}; now it is version {now}. What its profiles and schedules said "
        "then is not known here any more: the rules above are as they were recorded, what follows is by the roster of "
        "now.",
        "当时生效的名册为版本 {then}，现为版本 {now}。当时的权限组和时间表内容此处已无法得知："
        "以上规则按记录显示，以下依据现行名册。",
    ),
    "questions_version_before": (
        "The roster in force then was version {then}, which is still kept; now it is version {now}.",
        "当时生效的名册为版本 {then}（仍保存在此），现为版本 {now}。",
    ),
    "questions_version_unknown": (
        "Which roster was in force then is not in the journal any more.",
        "当时生效的是哪个名册，日志中已无记录。",
    ),
    # by the roster of now
    "questions_now": ("The same moment by the roster of now", "按现行名册判定同一时刻"),
    "questions_now_granted": ("She would be let in.", "会放行。"),
    "questions_now_denied": ("She would be refused.", "会被拒绝。"),
    "questions_now_needs": ("She would be asked for something more: {what}.", "会要求进一步出示：{what}。"),
    "questions_now_untold": ("That cannot be told: {why}", "无法判断：{why}"),
    "questions_untold_nameless": ("the record does not say whose credential it was.", "记录未说明是谁的凭证。"),
    "questions_untold_erased": ("who it was has been erased.", "人员信息已删除。"),
    "questions_untold_undecided": ("nothing was decided by the roster here.", "此处不是由名册判定的。"),
    "questions_untold_roster": (
        "this controller has no roster that can be read.",
        "本控制器没有可读取的名册。",
    ),
    # what would have to change
    "questions_cures": ("What would have to change so that she gets in", "要能通行，需要改变什么"),
    "questions_cures_all": (
        "All of these, not only the first: each was found by asking again as if the ones before were done.",
        "需全部满足，而不仅是第一项：每一项都是在假定前项已完成后再次判定得出的。",
    ),
    "questions_cures_none": ("Nothing: she gets in.", "无需改变：可以通行。"),
    "questions_cure_credential_known": ("Nothing about the credential.", "凭证无需改变。"),
    "questions_cure_credential_not_found": (
        "Nobody has this credential: enrol it for its holder, or take it that somebody tried a foreign one.",
        "该凭证未归属任何人：请为其持有人登记；也可能是有人试用了外来凭证。",
    ),
    "questions_cure_credential_suspended": (
        "The credential is suspended: lift the suspension, once the reason for it is gone.",
        "凭证已停用：原因消除后，请恢复使用。",
    ),
    "questions_cure_credential_lost": (
        "The credential was reported lost: if it was found, set it active again; else give the holder a new one.",
        "凭证已挂失：若已找回，请重新启用；否则请发放新凭证。",
    ),
    "questions_cure_credential_not_yet_valid": (
        "It is not valid yet: let it begin earlier, or wait.",
        "尚未生效：请提前生效时间，或等待。",
    ),
    "questions_cure_credential_expired": ("It has expired: give it a later end.", "已过期：请延长有效期。"),
    "questions_cure_credential_used_up": (
        "It was used as often as allowed: raise the number of uses, or give a new one.",
        "使用次数已用尽：请增加次数，或发放新凭证。",
    ),
    "questions_cure_clock_unknown_refused": (
        "The controller did not know the time, and this one is limited in time: set the clock; then dates and "
        "schedules count.",
        "控制器当时不知道时间，而该凭证有时间限制：请校准时钟，之后按日期和时间表判定。",
    ),
    "questions_cure_profile_missing": (
        "No access has been assigned: give the holder an access profile that has this entrance.",
        "未分配权限：请为持有人分配包含此入口的权限组。",
    ),
    "questions_cure_profile_without_access_point": (
        "None of the holder's profiles has this entrance: give a further profile, or add the entrance to one of them.",
        "持有人的权限组均不含此入口：请另加权限组，或在其中加入此入口。",
    ),
    "questions_cure_schedule_outside": (
        "The schedule does not allow it at this time: widen the schedule, or give a profile with another one.",
        "时间表不允许在此时通行：请放宽时间表，或分配使用其他时间表的权限组。",
    ),
    "questions_cure_factor_missing": (
        "Something more has to be given here, one after the other: {what}.",
        "此处须依次再出示：{what}。",
    ),
    "questions_cure_factor_not_accepted": (
        "This kind of credential is not accepted here: present another kind, or change what the site file asks for.",
        "此处不接受此类凭证：请出示其他类型，或修改站点文件中的要求。",
    ),
    "questions_cure_pin_wrong": (
        "The PIN was not right: the right one has to be given. Who has forgotten it gets a new one.",
        "密码不正确：须输入正确密码；忘记者可重新设置。",
    ),
    "questions_cure_pin_locked_out": (
        "The keypad pauses after wrong PINs: wait, or clear it at the reader; cards work meanwhile.",
        "多次输错密码后键盘暂停：请等待或在读卡器处解除；其间刷卡可用。",
    ),
    "questions_cure_antipassback_hard": (
        "By the record she is inside already: she has to leave first, or somebody starts the record anew.",
        "按记录其已在内：须先出门，或由人员重置记录。",
    ),
    "questions_cure_antipassback_timed": (
        "She came in here a short while ago: wait, or somebody starts the record anew.",
        "刚刚由此进入：请等待，或由人员重置记录。",
    ),
    "questions_cure_area_full": (
        "No more room inside: somebody has to leave, or the limit of the area has to be raised.",
        "区域内已满：须有人离开，或提高区域人数上限。",
    ),
    "questions_cure_quota_full": (
        "All parking spaces of the household are taken: a vehicle has to leave, or the household gets a further space.",
        "该住户车位已满：须有车辆驶离，或为其增加车位。",
    ),
    "questions_cure_second_person_needed": (
        "A second person has to present within the time; one of the two has to be an escort.",
        "须有第二人在限时内出示；两人中须有一人为陪同人。",
    ),
    "questions_cure_second_person_same": (
        "The second person has to be somebody else.",
        "第二人须为另一人。",
    ),
    "questions_cure_escort_needed": ("An escort has to present, too.", "须有陪同人一同出示。"),
    "questions_cure_lockdown": ("The lockdown has to be ended by a named person.", "须由有权人员解除封锁。"),
    "questions_cure_out_of_service": ("The door or lane has to go back into service.", "该门或车道须恢复使用。"),
    "questions_cure_locked_by_operator": (
        "It was locked at this page: end the lock on the status page.",
        "已由人员锁闭：请在状态页解除。",
    ),
    "questions_cure_fault_latched": (
        "A fault waits for a person: look at the device, then reset the fault.",
        "有故障待处理：请检查设备后复位故障。",
    ),
    "questions_cure_barrier_barred": (
        "The barrier is barred (stop, service key, fault or no proven position): somebody has to look at it there.",
        "挡车设施被禁止动作（急停、检修钥匙、故障或位置未证实）：须有人到现场查看。",
    ),
    "questions_cure_interlock": ("Another door has to close first.", "须先关闭另一扇门。"),
    "questions_cure_queue_full": ("Vehicles wait already: the lane has to clear.", "已有车辆排队：须等车道清空。"),
    "questions_cure_no_vehicle": (
        "No vehicle stood on the loop before the barrier: drive up to the stop line. If one stood there, the loop "
        "needs an installer.",
        "挡车设施前的地感线圈上没有车辆：请驶至停车线。若当时有车，请安装人员检查线圈。",
    ),
    "questions_cure_schedule_closed": (
        "The lane is closed at this time: change its schedule, or use another entrance.",
        "该车道此时关闭：请修改其时间表，或使用其他入口。",
    ),
    "questions_cure_sighting_stale": (
        "It was seen too long ago: present it again. If that happens often, the camera needs an installer.",
        "识别结果已过时：请重新出示。若经常发生，请安装人员检查摄像机。",
    ),
    "questions_cure_dialog_expired": (
        "The next step took too long: begin again, and give what is asked for in time.",
        "下一步操作超时：请重新开始并及时出示。",
    ),
    "questions_cure_plate_looks_alike": (
        "It differs in one look-alike character (0 and O, 8 and B) from a plate that is listed. Nothing opens for a "
        "likeness: look whether the plate was entered or read wrongly.",
        "与名册中某车牌仅差一个易混字符（0 与 O、8 与 B）。相似不会开门：请核对车牌是录入有误还是识别有误。",
    ),
    "questions_cure_peers_cut_off": ("The other controllers have to be heard again.", "须恢复与其他控制器的通信。"),
    "questions_cure_other": (
        "Look at the rules above; whoever services the controller knows more.",
        "请查看以上规则；详情请咨询维护人员。",
    ),
    # links of a cure
    "questions_to_holder": ("Open the holder", "打开持有人"),
    "questions_to_profiles": ("Open the access profiles", "打开权限组"),
    "questions_to_schedule": ("Open the schedule {name}", "打开时间表 {name}"),
    "questions_to_status": ("Open the status page", "打开状态页"),
    "questions_to_people": ("Search people", "查找人员"),
    "questions_to_may": ("Ask whether she may, at another time or place", "询问其他时间或地点能否通行"),
    "questions_to_may_holder": ("Ask for a place and a time", "按地点和时间询问"),
    "questions_ask_manager": ("A manager can change that.", "可由管理员修改。"),
    "questions_profiles_here": ("Profiles that have this entrance: {names}", "包含此入口的权限组：{names}"),
    "questions_no_profiles_here": ("No profile has this entrance yet.", "目前没有权限组包含此入口。"),
    # who it was
    "questions_who": ("Who was it, and what holds now?", "是谁？现在如何？"),
    "questions_who_what": (
        "Say why. The purpose, your name and where you are stand in the journal before anything is shown.",
        "请说明目的。目的、您的姓名和所在地址会先记入日志，然后才显示结果。",
    ),
    "questions_who_do": ("Record the purpose and show", "记录目的并显示"),
    "questions_purpose": ("Purpose: {purpose}", "目的：{purpose}"),
    "questions_holder": ("Holder", "持有人"),
    "questions_credential": ("Credential", "凭证"),
    "questions_kind_card": ("card", "卡"),
    "questions_kind_pin": ("PIN", "密码"),
    "questions_kind_code": ("QR code", "二维码"),
    "questions_kind_plate": ("number plate", "车牌"),
    "questions_kind_face": ("face", "人脸"),
    "questions_kind_tag": ("tag", "电子标签"),
    "questions_kind_second_person": ("a second person", "第二人"),
    "questions_kind_escort": ("an escort", "陪同人"),
    # may she
    "questions_may_what": (
        "The gate's own answer for a person, a place and a time, with each rule that leads to it. Nothing opens by it.",
        "对某人、某处、某时，给出门禁自身的判定及其依据。此操作不会开门。",
    ),
    "questions_may_who": ("Who: name, phone, household or id", "人员：姓名、电话、住户或编号"),
    "questions_may_find": ("Find", "查找"),
    "questions_may_found": ("{count} found: choose one", "找到 {count} 人：请选择"),
    "questions_may_found_more": (
        "{count} found, the first {shown} are shown: write more of the name",
        "找到 {count} 人，显示前 {shown} 人：请输入更多内容",
    ),
    "questions_may_nobody": ("Nobody is found by this.", "未找到人员。"),
    "questions_may_nobody_next": ("Write a part of the name, a room or a card.", "请输入姓名的一部分、房号或卡号。"),
    "questions_may_where": ("Where", "地点"),
    "questions_may_direction_in": ("{portal}, in", "{portal}，进"),
    "questions_may_direction_out": ("{portal}, out", "{portal}，出"),
    "questions_may_when": ("When (empty: now)", "时间（留空：现在）"),
    "questions_may_with": ("Given before, by the same person", "此前同一人已出示"),
    "questions_may_with_none": ("nothing", "无"),
    "questions_may_ask": ("Ask", "询问"),
    "questions_may_answer": ("{name} at {place}, {time}", "{name}，{place}，{time}"),
    "questions_may_yes": ("Yes", "可以"),
    "questions_may_no": ("No", "不可以"),
    "questions_may_more": ("Only with {what}", "还须出示{what}"),
    "questions_may_without": (
        "She has no credential that is in the roster at the gate.",
        "门禁名册中没有其凭证。",
    ),
    "questions_may_without_next": (
        "Give her one, and bring the roster to the gate; a duress PIN is never listed here.",
        "请为其登记凭证并将名册送达门禁；此处从不列出胁迫密码。",
    ),
    "questions_may_unknown": (
        "The gate does not know her (yet): a roster with her has to be brought to the gate.",
        "门禁（尚）不认识此人：须先将含有此人的名册送达门禁。",
    ),
    "questions_may_version": (
        "By roster version {version}, which is in force at the gate.",
        "依据门禁现行名册版本 {version}。",
    ),
    "questions_may_local": ("It rests on an entry made here, until {until}.", "依据本地条目，有效至 {until}。"),
    "questions_may_standing": (
        "What stands at the door now (lockdown, faults, who is inside) is counted in; other doors are taken as closed.",
        "已计入该门当前状态（封锁、故障、在内人员）；其他门视为关闭。",
    ),
    "questions_week": ("The week at a glance", "一周概览"),
    "questions_week_what": (
        "When in this week, Monday to Sunday, as if nothing stood at the door.",
        "本周（周一至周日）何时可通行，不计该门当前状态。",
    ),
    "questions_week_day": ("Day", "日"),
    "questions_week_times": ("May pass", "可通行时间"),
    "questions_week_whole_day": ("all day", "全天"),
    "questions_week_no": ("not at all", "不可通行"),
    "questions_week_more": ("with {what}", "须另加{what}"),
    "questions_day_0": ("Mon", "周一"),
    "questions_day_1": ("Tue", "周二"),
    "questions_day_2": ("Wed", "周三"),
    "questions_day_3": ("Thu", "周四"),
    "questions_day_4": ("Fri", "周五"),
    "questions_day_5": ("Sat", "周六"),
    "questions_day_6": ("Sun", "周日"),
    # what is wrong
    "questions_bad_row": ("There is no such event.", "没有这个事件。"),
    "questions_bad_row_next": ("Follow “Why?” in the journal.", "请从日志中点“为什么？”。"),
    "questions_bad_place": ("There is no such place.", "没有这个地点。"),
    "questions_bad_place_next": ("Choose one from the list.", "请从列表中选择。"),
    "questions_bad_time": ("“{typed}” is no date and time.", "“{typed}”不是日期时间。"),
    "questions_bad_time_next": (
        "Write it like 2026-11-23 08:30, or leave it empty for now.",
        "请写成 2026-11-23 08:30，或留空表示现在。",
    ),
    "questions_no_time": ("The controller does not know the time.", "控制器不知道时间。"),
    "questions_no_time_next": ("Write the time that is meant.", "请填写时间。"),
    "questions_no_roster": ("No good roster is in service at the gate.", "门禁没有可用的名册。"),
    "questions_no_roster_next": (
        "Bring one to the gate; look at the status page for what is wrong with the one there.",
        "请将名册送达门禁；现有名册的问题见状态页。",
    ),
    "questions_unanswered": ("The question could not be answered.", "无法回答该问题。"),
    "questions_unanswered_next": (
        "The doors go on. Try again in a moment; if it stays so, call maintenance and tell them the line below.",
        "门禁照常工作。请稍后重试；若持续如此，请联系维修并告知下面一行。",
    ),
}
