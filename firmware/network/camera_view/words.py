"""Words of the pages of cameras, in English and Simplified Chinese."""

from __future__ import annotations

CAMERA_WORDS: dict[str, tuple[str, str]] = {
    "cameras_title": ("Cameras", "摄像机"),
    "looking_at": ("Somebody looks through camera {camera}", "有人正在查看摄像机 {camera} 的画面"),
    "looking_until": (
        "Until {time} at the latest. Who and why stands in the journal.",
        "最晚至 {time}。查看人与事由已记入日志。",
    ),
    "viewing_about": (
        "Pictures are shown for a purpose only. Your name, the purpose and the time are written into the journal "
        "before the first picture, and everybody at this page sees that somebody is looking. What you see is not "
        "recorded.",
        "仅可为明确的事由查看画面。显示第一帧画面之前，您的姓名、事由和时间会写入日志；所有使用本页面的人都能看到有人"
        "正在查看。画面不会被录制。",
    ),
    "viewing_off": ("This site shows no pictures at the page.", "本站点不在页面上显示画面。"),
    "viewing_off_next": (
        "Whoever runs the site can allow it in the site file: on = true in [viewing].",
        "站点管理者可在站点文件的 [viewing] 中设置 on = true 后启用。",
    ),
    "viewing_none": ("This site has no cameras.", "本站点没有摄像机。"),
    "viewing_which": ("Which camera", "选择摄像机"),
    "viewing_which_many": ("Which cameras, {most} at most", "选择摄像机（最多 {most} 台）"),
    "viewing_camera_at": ("{camera}, at {portal}", "{camera}（{portal}）"),
    "viewing_why": ("What for", "查看事由"),
    "viewing_for_call": ("Somebody calls or waits at the entrance", "有人在入口呼叫或等候"),
    "viewing_for_vehicle": ("A vehicle stands in the lane", "车道上有车辆"),
    "viewing_for_alarm": ("An alarm or a fault", "报警或故障"),
    "viewing_for_shift": ("Watching the entrance during my shift", "当班值守出入口"),
    "viewing_for_aim": ("Aiming or servicing the camera", "调整或检修摄像机"),
    "viewing_for_other": ("Something else, as written below", "其他（请在下方填写）"),
    "viewing_note": ("In your own words", "补充说明"),
    "viewing_note_advice": (
        "Needed for “something else”: a sentence. Name nobody who need not be named.",
        "选择“其他”时必填，请写一句话。不必要时请勿写出他人姓名。",
    ),
    "viewing_with_note": ("{reason}: {note}", "{reason}：{note}"),
    "viewing_how_long": ("How long", "查看时长"),
    "viewing_minutes": ("{count} minutes", "{count} 分钟"),
    "viewing_hours": ("{count} hours", "{count} 小时"),
    "viewing_whole": ("My whole shift, {elapsed} at most", "整个班次，最多 {elapsed}"),
    "viewing_begin": ("Write the purpose down and look", "记录事由并查看"),
    "viewing_installer": (
        "As an installer you see through a camera while its door or lane is out of service, for 15 minutes at a time.",
        "安装人员只能在相应的门或车道停用期间查看其摄像机，每次 15 分钟。",
    ),
    "viewing_end": ("End looking", "结束查看"),
    "viewing_ended": ("You are no longer looking. That stands in the journal, too.", "您已结束查看，并已记入日志。"),
    "viewing_go_on": ("You are looking: go on", "您正在查看，返回画面"),
    "viewing_is_over": (
        "This viewing is over. To look again, state a purpose.",
        "本次查看已结束。如需再次查看，请填写事由。",
    ),
    "viewing_purpose": ("Purpose: {purpose}", "事由：{purpose}"),
    "viewing_left": ("{elapsed} left, until {time}.", "剩余 {elapsed}，至 {time}。"),
    "viewing_seen_by_all": (
        "It is shown to everybody at this page that somebody looks. What you see is not recorded.",
        "所有使用本页面的人都能看到有人正在查看。画面不会被录制。",
    ),
    "viewing_at_most": ("for {span} at most", "最长 {span}"),
    "viewing_by_by_hand": ("ended by hand", "手动结束"),
    "viewing_by_time": ("its time was over", "到时结束"),
    "viewing_by_logged_out": ("logged out", "退出登录"),
    "viewing_by_connection_lost": ("the page's process ended", "页面程序已结束"),
    "viewing_by_too_late": ("answered too late: nothing was shown", "应答过晚，未显示画面"),
    "viewing_next": ("Next picture", "下一帧"),
    # what went wrong
    "viewing_no_camera": ("Choose a camera of this site.", "请选择本站点的摄像机。"),
    "viewing_too_many_cameras": (
        "At most {most} of the cameras may be looked through at once here.",
        "此站点最多可同时查看 {most} 台摄像机。",
    ),
    "viewing_no_purpose": ("State what you want to look for.", "请选择或填写查看事由。"),
    "viewing_no_note": (
        "Write a sentence that says what for: {least} to {most} characters.",
        "请用一句话说明事由：{least} 至 {most} 个字符。",
    ),
    "viewing_many": (
        "You are looking in {most} browsers already. End one of them first.",
        "您已在 {most} 个浏览器中查看，请先结束其中一个。",
    ),
    "viewing_beginning": ("It is being written down already. Wait a moment.", "正在记录，请稍候。"),
    "viewing_not_sent": (
        "The controller does not answer. Nothing was written down, so nothing is shown.",
        "控制器没有应答，事由未能记录，因此不显示画面。",
    ),
    "viewing_not_known": (
        "The controller did not answer in time. Nothing is shown; the journal may have your purpose.",
        "控制器未及时应答，不显示画面；事由可能已记入日志。",
    ),
    "viewing_refused": ("No picture may be shown now.", "目前不能显示画面。"),
    "viewing_over": ("You were logged out.", "您已退出登录。"),
    # the picture
    "picture_alt": ("Picture of camera {camera}, {taken}. {seen}", "摄像机 {camera} 的画面，{taken}。{seen}"),
    "picture_taken": ("Taken {time}, {seconds} s ago.", "拍摄于 {time}，{seconds} 秒前。"),
    "picture_taken_ago": ("Taken {seconds} s ago.", "{seconds} 秒前拍摄。"),
    "picture_live": ("Live", "实时"),
    "picture_starting": ("The camera is being opened.", "正在打开摄像机。"),
    "picture_waiting": ("Waiting for the first picture.", "正在等待第一帧画面。"),
    "picture_lost": ("The camera is lost. No picture.", "摄像机已断开，无画面。"),
    "picture_lost_next": (
        "Look at its cable, power and network; it is tried again by itself.",
        "请检查其线缆、电源和网络；系统会自动重试。",
    ),
    "picture_dark": (
        "The picture is black: is the camera covered, or without light?",
        "画面全黑：镜头是否被遮挡，或现场无光？",
    ),
    "picture_frozen": (
        "No point of the picture has changed for {elapsed}: the camera may repeat an old one, so it is not shown.",
        "画面已有 {elapsed} 完全没有变化：摄像机可能在重复旧画面，因此不予显示。",
    ),
    "picture_masked": (
        "Privacy masks cover the whole picture: there is nothing to see.",
        "隐私遮罩覆盖了整个画面，无可显示内容。",
    ),
    "picture_refused": ("The camera gives no picture for this viewing.", "摄像机未向本次查看提供画面。"),
    "picture_busy": ("Too many look just now. It is tried again by itself.", "目前查看人数过多，系统会自动重试。"),
    "picture_none": (
        "The recognition process does not answer: no pictures. Doors and lanes go on working.",
        "识别程序没有应答，无画面。门和车道照常工作。",
    ),
    "picture_last": ("The last picture is {elapsed} old.", "最后一帧画面为 {elapsed} 前。"),
    "picture_never": ("There was no picture yet.", "尚无画面。"),
    "picture_silent": (
        "This page has lost its connection: what you see is not live. It connects again by itself.",
        "本页面已断开连接，显示的不是实时画面。页面会自动重连。",
    ),
    "picture_seen": ("Recognised in this picture", "画面中识别到"),
    "picture_seen_nothing": ("No vehicle and no plate is recognised now.", "目前未识别到车辆或车牌。"),
    "picture_vehicle": ("{number}: vehicle", "{number}：车辆"),
    "picture_vehicle_is": ("{number}: vehicle, {label}", "{number}：车辆（{label}）"),
    "picture_plate": ("{number}: plate, not read for certain", "{number}：车牌，尚未确认"),
    "picture_plate_is": ("{number}: plate {text}", "{number}：车牌 {text}"),
    "picture_label_car": ("car", "小汽车"),
    "picture_label_truck": ("truck", "货车"),
    "picture_label_bus": ("bus", "客车"),
    "picture_label_motorcycle": ("motorcycle", "摩托车"),
    "picture_label_bicycle": ("bicycle", "自行车"),
    "picture_about": (
        "Privacy masks are burnt in before a picture leaves the recognition process. "
        "People and faces are never marked.",
        "隐私遮罩在画面离开识别程序之前即已写入。人员和人脸不会被标记。",
    ),
}
