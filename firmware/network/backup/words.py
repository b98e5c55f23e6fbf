"""The words of the page about backups, in English and Simplified Chinese; firmware/network/words.py says them."""

from __future__ import annotations

BACKUP_WORDS: dict[str, tuple[str, str]] = {
    "backup_title": ("Backup", "备份"),
    "backup_what": (
        "One encrypted file gets a new board going, should this one fail: how the site is wired, who may pass, and "
        "who may log in. Make one every month and before each change, and keep it somewhere else.",
        "一个加密文件即可让新控制板接替本板工作：包含现场接线配置、通行权限和登录账户。请每月及每次改动之前备份一次，并存放在别处。",
    ),
    "backup_unknown": ("The controller does not say how it stands.", "控制器未应答，情况不明。"),
    "backup_unknown_next": (
        "It may be starting again: load this page again in a minute. If that does not help, look at its power.",
        "控制器可能正在重新启动：请一分钟后重新加载本页。若仍无效，请检查其电源。",
    ),
    # what is being done
    "backup_now": ("Now", "正在进行"),
    "backup_doing_make": ("A backup is being made for {by}.", "正在为 {by} 制作备份。"),
    "backup_doing_look": ("A backup is being looked into for {by}.", "正在为 {by} 查看备份。"),
    "backup_doing_restore": (
        "A restore is being made ready for {by}. The gate goes on working meanwhile.",
        "正在为 {by} 准备恢复。其间门禁照常工作。",
    ),
    "backup_doing_undo": (
        "The way back is being made ready for {by}. The gate goes on working meanwhile.",
        "正在为 {by} 准备退回。其间门禁照常工作。",
    ),
    "backup_doing_swap": (
        "It is put into place for {by}: for some seconds nobody is let in, and everybody can still leave. Then the "
        "controller starts again, and this page asks you to log in.",
        "正在为 {by} 放置到位：数秒内无法刷入，但所有人仍可外出。随后控制器重新启动，本页面会要求您登录。",
    ),
    "backup_progress": ("How far it is", "进度"),
    "backup_again": ("Load this page again to see how far it is.", "重新加载本页可查看进度。"),
    # making one
    "backup_make": ("Make a backup", "制作备份"),
    "backup_make_what": (
        "It is sealed with a passphrase that you choose now. It is kept nowhere: without it nobody can open the file.",
        "备份用您现在设定的口令加密。系统不保存该口令：没有它，谁也无法打开该文件。",
    ),
    "backup_passphrase": ("Passphrase of the backup", "备份口令"),
    "backup_why": ("Why", "事由"),
    "backup_why_advice": (
        "It stands in the journal with your name, such as: monthly.",
        "将连同您的姓名记入日志，例如：每月例行。",
    ),
    "backup_code_advice": (
        "On the controller's label. It proves that whoever asks has been at the board: what is taken or replaced here "
        "is everything.",
        "见控制器标签。它证明操作者到过控制板旁：此处取走或替换的是全部内容。",
    ),
    "backup_make_do": ("Make it", "开始制作"),
    "backup_made": ("Your backup is ready", "备份已完成"),
    "backup_made_what": (
        "Take it now: it goes from here after half an hour. Keep file and passphrase apart from each other, and away "
        "from this board.",
        "请立即下载：半小时后将从此处清除。请将文件与口令分开保存，且不要放在控制板旁。",
    ),
    "backup_take": ("Download ({size})", "下载（{size}）"),
    "backup_drop": ("Remove it from here", "从此处清除"),
    "backup_gone": ("That backup is not here any more.", "该备份已不在此处。"),
    "backup_gone_next": ("Make another one.", "请重新制作。"),
    # what is in one
    "backup_in_it": ("What is in it", "内容"),
    "backup_site": ("Site", "现场"),
    "backup_at": ("Made", "制作时间"),
    "backup_by": ("By", "来源"),
    "backup_by_text": ("Menshen {version} on {controller}", "Menshen {version}，控制器 {controller}"),
    "backup_part": ("Part", "部分"),
    "backup_holds": ("Holds", "包含"),
    "backup_size": ("Size", "大小"),
    "backup_not_in_it": ("What is never in one", "从不包含的内容"),
    # looking into one, and putting it back
    "backup_restore": ("Put one back", "恢复备份"),
    "backup_restore_what": (
        "Choose the file. It is looked into first, and nothing is changed: you see from when it is, what it would "
        "replace here, and everything that is wrong with it.",
        "选择文件后先行查看，不作任何更改：您将看到其制作时间、会替换此处的哪些内容，以及其中的所有问题。",
    ),
    "backup_choose": ("Backup file", "备份文件"),
    "backup_look_do": ("Look into it", "查看"),
    "backup_looked": ("What this backup would change here", "此备份将在此处更改的内容"),
    "backup_change": ("Change", "更改"),
    "backup_file": ("File", "文件"),
    "backup_more": ("and {count} more files", "以及另外 {count} 个文件"),
    "backup_notes": ("To be known", "须知"),
    "backup_restore_effect": (
        "All of it is replaced at once, or nothing is. For some seconds nobody is let in, and everybody can still "
        "leave. All who are logged in are out. What stood before is kept, so that you can go back.",
        "要么全部替换，要么完全不变。其间数秒内无法刷入，但所有人仍可外出。所有已登录者都将退出。原有内容会保留，可以退回。",
    ),
    "backup_restore_tick": (
        "I have read what it changes, and nobody waits at a gate.",
        "我已阅读更改内容，且目前无人在门口等候。",
    ),
    "backup_restore_do": ("Put it back now", "立即恢复"),
    "backup_last": ("{by} put a backup back at {at}.", "{by} 于 {at} 恢复了备份。"),
    "backup_last_undone": ("{by} went back at {at} to what stood before.", "{by} 于 {at} 退回到此前的内容。"),
    "backup_undo": ("Go back to what stood before", "退回到此前的内容"),
    "backup_undo_effect": (
        "Site, people and accounts become again what they were before the restore. Cards that are suspended now stay "
        "suspended. For some seconds nobody is let in, and everybody can still leave.",
        "现场配置、人员和账户将恢复为此前的状态。目前已停用的卡保持停用。其间数秒内无法刷入，但所有人仍可外出。",
    ),
    "backup_undo_tick": ("I want that, and nobody waits at a gate.", "我确认退回，且目前无人在门口等候。"),
    "backup_undo_do": ("Go back now", "立即退回"),
    # what was refused
    "backup_busy": ("Something else is being done already.", "已有其他操作正在进行。"),
    "backup_busy_next": ("Wait for its end, which this page shows.", "请等待其结束，本页会显示进度。"),
    "backup_too_many": ("That was asked for too often.", "请求过于频繁。"),
    "backup_too_many_next": ("Try again in ten minutes.", "请十分钟后重试。"),
    "backup_wrong_code": ("That is not the claim code of this controller.", "认领码与本控制器不符。"),
    "backup_wrong_code_next": (
        "Look at the label. After a factory reset it is a new one: menshen account label prints it at the console.",
        "请核对标签。恢复出厂设置后认领码会更换，可在控制台执行 menshen account label 查看。",
    ),
    "backup_code_wait": ("Too many wrong claim codes.", "认领码多次有误。"),
    "backup_code_wait_next": (
        "None is looked at for a while, longer each time. Try again in an hour at most.",
        "暂不受理，且每次时间更长。请最多一小时后重试。",
    ),
    "backup_not_seen": ("That is not the file that was looked into.", "这不是刚才查看的文件。"),
    "backup_not_seen_next": ("Choose it once more.", "请重新选择文件。"),
    "backup_not_allowed": ("The controller refuses that.", "控制器拒绝该操作。"),
    "backup_not_allowed_next": ("Load this page again and try once more.", "请重新加载本页后重试。"),
    "backup_not_sent": ("The controller does not answer, so nothing was done.", "控制器未应答，未作任何操作。"),
    "backup_not_sent_next": (
        "Load this page again in a minute. If that does not help, look at its power.",
        "请一分钟后重新加载本页。若仍无效，请检查其电源。",
    ),
    "backup_not_known": ("It is not known whether it was begun.", "不确定是否已开始。"),
    "backup_not_known_next": ("Load this page again before you ask once more.", "请先重新加载本页，再决定是否重试。"),
    "backup_no_tick": ("Tick the box if you want that.", "如需继续，请勾选确认框。"),
    "backup_no_tick_next": ("Nothing was done.", "未作任何操作。"),
    "backup_no_passphrase": ("The passphrase of the file is missing.", "未填写该文件的口令。"),
    "backup_no_passphrase_next": ("Give both, file and passphrase.", "请同时提供文件和口令。"),
    "backup_no_file": ("No file came.", "未收到文件。"),
    "backup_no_file_next": ("Choose the file and try again.", "请选择文件后重试。"),
    "backup_too_large": ("That file is larger than any backup.", "该文件大于任何备份。"),
    "backup_too_large_next": ("Choose the backup itself: 512 MiB at most.", "请选择备份文件本身，最大 512 MiB。"),
    "backup_no_room": ("There is no room for it on the board.", "控制板存储空间不足。"),
    "backup_no_room_next": ("Make room, or call maintenance.", "请腾出空间或联系维修。"),
    # what came to nothing
    "backup_not_make": ("No backup was made.", "未制作备份。"),
    "backup_not_look": ("That file was not taken.", "未接受该文件。"),
    "backup_not_restore": ("Nothing was put back; all is as it was.", "未恢复任何内容，一切照旧。"),
    "backup_not_undo": ("Nothing was taken back; all is as it was.", "未退回任何内容，一切照旧。"),
    "backup_failed_wrong_passphrase": ("The passphrase is another one.", "口令不正确。"),
    "backup_failed_wrong_passphrase_next": (
        "Try again. It is the one that was chosen when the file was made.",
        "请重试。应为制作该文件时设定的口令。",
    ),
    "backup_failed_newer": ("It was made by a newer program.", "该文件由更新的程序制作。"),
    "backup_failed_newer_next": ("Update Menshen on this board first.", "请先更新本板上的 Menshen。"),
    "backup_failed_damaged": ("The file is damaged, or no backup.", "文件已损坏，或不是备份。"),
    "backup_failed_damaged_next": ("Take another copy of it.", "请改用另一份副本。"),
    "backup_failed_refused": ("It does not fit here.", "与此处不符。"),
    "backup_failed_refused_next": (
        "What is wrong stands below; give it to whoever services the controller.",
        "具体问题见下，请告知维护人员。",
    ),
    "backup_failed_misused": ("It cannot be done as things stand.", "目前无法执行。"),
    "backup_failed_misused_next": ("What is in the way stands below.", "具体原因见下。"),
    "backup_failed_ended": ("It ended before it was done.", "中途结束，未完成。"),
    "backup_failed_ended_next": (
        "Try again. If it happens again, look at the disk.",
        "请重试。若再次发生，请检查存储。",
    ),
    "backup_failed_failed": ("It could not be done.", "无法完成。"),
    "backup_failed_failed_next": ("What went wrong stands below: look at the disk.", "具体原因见下，请检查存储。"),
    "backup_problems": ("What is wrong, for maintenance", "问题详情（供维修参考）"),
    # the state of delivery
    "backup_reset": ("Factory reset", "恢复出厂设置"),
    "backup_reset_what": (
        "It takes away who may pass, who may log in, faces, pictures and who adopted the controller. Wiring and "
        "journal stay. No page does it: somebody has to be at the board.",
        "将清除通行权限、登录账户、人脸、图片及接管信息；接线配置和日志保留。任何网页都无法执行：必须有人在控制板旁操作。",
    ),
    "backup_reset_none": (
        "This site names no button for it: site.reset_input in the site file.",
        "本现场未配置该按钮：见现场配置文件中的 site.reset_input。",
    ),
    "backup_reset_step_power": (
        "Switch the controller off, and on again.",
        "关闭控制器电源，再重新通电。",
    ),
    "backup_reset_step_press": (
        "Within {within} seconds press the button {button} on the board, and hold it for {least} to {most} seconds.",
        "在 {within} 秒内按下控制板上的按钮 {button}，并保持 {least} 至 {most} 秒。",
    ),
    "backup_reset_step_let_go": (
        "Let it go. The controller starts again as delivered. A shorter or longer push does nothing.",
        "松开按钮，控制器随即以出厂状态重新启动。按得过短或过长均无效。",
    ),
    "backup_reset_running": (
        "The controller has been running for {elapsed}.",
        "控制器已运行 {elapsed}。",
    ),
}
