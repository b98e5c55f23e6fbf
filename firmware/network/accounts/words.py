"""The words of the pages about accounts, in English and Simplified Chinese; firmware/network/words.py says them."""

from __future__ import annotations

ACCOUNT_WORDS: dict[str, tuple[str, str]] = {
    # everywhere
    "status_page": ("Status", "状态"),
    "my_account": ("My account", "我的账户"),
    "accounts": ("Accounts", "账户管理"),
    "log_out": ("Log out", "退出登录"),
    "you_are": ("You", "当前用户"),
    "console_name": ("Console", "控制台"),
    "role_guard": ("Guard", "门卫"),
    "role_manager": ("Manager", "管理员"),
    "role_installer": ("Installer", "安装人员"),
    "role_auditor": ("Auditor", "审计员"),
    "may_guard": ("sees, opens once, acknowledges", "查看、单次开门、确认告警"),
    "may_manager": ("people, credentials, accounts", "人员、凭证、账户"),
    "may_installer": ("hardware, service, backup", "硬件、检修、备份"),
    "may_auditor": ("journal and exports; changes nothing, so it stands alone", "日志与导出；不作任何更改，不能兼任"),
    "roles": ("Roles", "角色"),
    "name": ("Name", "姓名"),
    "passphrase": ("Passphrase", "口令"),
    "passphrase_now": ("Your passphrase now", "当前口令"),
    "passphrase_new": ("New passphrase", "新口令"),
    "passphrase_again": ("The same again", "再次输入"),
    "passphrase_advice": (
        "At least 12 characters, in any script. Four or five words that do not belong together are easy to keep and "
        "hard to guess.",
        "至少 12 个字符，文字不限。用四五个互不相关的词组成，容易记住又难以猜到。",
    ),
    # log in
    "log_in": ("Log in", "登录"),
    "factor_code": ("Code of your second factor", "第二验证的验证码"),
    "factor_code_advice": (
        "Six digits of the app. Leave it empty if you have none.",
        "应用中的六位数字；未启用则留空。",
    ),
    "login_needed": ("This page is for people with an account.", "本页面仅供有账户的人员使用。"),
    "login_invited": ("Do you have a code of an invitation?", "有邀请码吗？"),
    "login_join": ("Choose your passphrase", "设置口令"),
    "login_lost": (
        "Passphrase or phone lost? A manager invites you anew. If there is none, whoever services the controller makes "
        "a code at its console: menshen account recover.",
        "忘记口令或丢失手机？请管理员重新邀请您。若没有管理员，可由维护人员在控制台执行 "
        "menshen account recover 生成代码。",
    ),
    "login_printed": (
        "Open the whole address that the program printed when it started, with its code. The code works once; "
        "when the session that it opened is over, the program prints a new one.",
        "请打开程序启动时打印的完整网址（含代码）。代码只能使用一次；其会话结束后，程序会打印新代码。",
    ),
    "login_wrong": ("That was not right.", "登录信息有误。"),
    "login_wrong_next": (
        "Look at name, passphrase and code, and try again. Which of them was wrong is not told.",
        "请检查姓名、口令和验证码后重试。系统不提示具体哪一项有误。",
    ),
    "login_delayed": ("Too many tries failed.", "失败次数过多。"),
    "login_delayed_next": (
        "Try again in {wait}. Until then no try is looked at.",
        "请在 {wait} 后重试；在此之前不受理。",
    ),
    "login_busy": ("Too many people log in just now.", "目前登录人数过多。"),
    "login_busy_next": ("Try again in a moment.", "请稍后重试。"),
    # first account, invitation, recovery
    "first_title": ("The first account", "首个账户"),
    "first_what": (
        "Nobody has an account yet. The claim code is on the controller's label; it makes the first account, once.",
        "目前没有任何账户。认领码印在控制器标签上，用它创建首个账户，仅限一次。",
    ),
    "first_roles": (
        "It will be manager and installer, and can make all others.",
        "该账户为管理员兼安装人员，可创建其他所有账户。",
    ),
    "claim_code": ("Claim code", "认领码"),
    "join_title": ("Choose your passphrase", "设置口令"),
    "join_what": (
        "With the code that a manager, or the console, gave you. It works once.",
        "请使用管理员或控制台给您的代码。代码只能使用一次。",
    ),
    "join_code": ("Code", "代码"),
    "join_do": ("Keep it and log in", "保存并登录"),
    "code_wrong": ("Name and code do not fit.", "姓名与代码不符。"),
    "code_wrong_next": (
        "Look at both. A code works once, and for three days; ask for a new one if it is too old.",
        "请核对两者。代码仅限一次、三天内有效；若已过期，请索取新代码。",
    ),
    "claim_over": ("There is an account already.", "已有账户。"),
    "claim_over_next": ("Ask its manager to invite you.", "请联系管理员邀请您。"),
    # what is wrong with a name, a passphrase, roles
    "name_length": (
        "A name needs 1 to 40 characters, and a letter or digit.",
        "姓名须为 1 至 40 个字符，且含文字或数字。",
    ),
    "name_letters": (
        "Letters and digits of any script, spaces and . _ - @ may stand in a name.",
        "姓名可用各种文字、数字、空格及 . _ - @。",
    ),
    "name_taken": ("That name is taken.", "该姓名已被使用。"),
    "roles_none": ("Choose a role.", "请选择角色。"),
    "roles_unknown": ("There is no such role.", "没有该角色。"),
    "roles_auditor": (
        "An auditor changes nothing, so that this role stands alone.",
        "审计员不作任何更改，因此不能兼任其他角色。",
    ),
    "passphrase_differs": ("The two are not the same.", "两次输入不一致。"),
    "passphrase_short": ("That is too short: 12 characters or more.", "口令过短：至少 12 个字符。"),
    "passphrase_long": (
        "That is too long, or holds characters that cannot be typed.",
        "口令过长，或含无法输入的字符。",
    ),
    "passphrase_obvious": ("That is one of the first that everybody would try.", "这是他人最先会尝试的口令之一。"),
    "passphrase_name": ("That is little more than a name.", "口令几乎只是姓名或名称。"),
    "accounts_full": ("There are 100 accounts already: delete some.", "账户已达 100 个：请先删除一些。"),
    "last_manager": (
        "This is the last manager who can log in. Make another one first.",
        "这是最后一位可登录的管理员。请先设置另一位。",
    ),
    "no_account": ("There is no such account any more.", "该账户已不存在。"),
    "changed_meanwhile": ("Somebody changed it meanwhile: look again.", "其间已被他人更改：请重新查看。"),
    "session_over": ("Your session is over: it was not done.", "您的会话已结束：未执行。"),
    "session_over_next": ("Log in again, if you still can.", "如仍有权限，请重新登录。"),
    "no_accounts_here": ("No accounts are kept here.", "此处不保存账户。"),
    "try_next": ("Change it and try again.", "请修改后重试。"),
    # what does not work now
    "not_recorded": ("It was not done: the journal could not be told.", "未执行：无法写入日志。"),
    "not_recorded_next": (
        "Accounts are changed only with an entry in the journal, and the controller does not answer or cannot save it. "
        "Look at the status page, then try again.",
        "账户更改必须记入日志，而控制器没有应答或无法保存。请查看状态页后重试。",
    ),
    "too_many": ("It was not done: too much is asked just now.", "未执行：当前请求过多。"),
    "too_many_next": ("Try again in a moment.", "请稍后重试。"),
    "not_saved": ("It was not done: it could not be saved.", "未执行：无法保存。"),
    "not_saved_next": ("Look at the controller's storage, then try again.", "请检查控制器的存储后重试。"),
    "accounts_unreadable": (
        "The accounts cannot be read, so that nobody can log in.",
        "账户无法读取，任何人都不能登录。",
    ),
    "accounts_unreadable_next": (
        "The gate goes on. Whoever services the controller finds the reason in the log of its network process.",
        "门禁照常工作。维护人员可在网络进程的日志中查明原因。",
    ),
    # my account
    "passphrase_title": ("Passphrase", "口令"),
    "passphrase_change": ("Change the passphrase; all my other sessions end", "更改口令，并结束我的其他会话"),
    "factor_title": ("Second factor", "第二验证"),
    "factor_what": (
        "A code that an app on your phone shows, asked for at each log-in besides the passphrase.",
        "每次登录除口令外，还需输入手机应用显示的验证码。",
    ),
    "factor_is_on": ("It is on.", "已启用。"),
    "factor_is_off": ("It is off.", "未启用。"),
    "factor_offer": ("Set it up", "开始设置"),
    "factor_scan": (
        "Scan this with the app, or type the letters in. It is shown this once.",
        "请用应用扫描，或手动输入字符。仅显示这一次。",
    ),
    "factor_secret": ("Secret", "密钥"),
    "factor_confirm": ("Switch it on", "启用"),
    "factor_drop": ("Switch it off", "停用"),
    "factor_off": ("There is none to switch off.", "未启用，无需停用。"),
    "factor_stands": ("It is on. Switch it off first, with its code.", "已启用。请先用其验证码停用。"),
    "factor_not_offered": ("Set it up anew.", "请重新开始设置。"),
    "factor_wrong": ("That was not the code of now. Type the next one.", "验证码不符，请输入下一个。"),
    "factor_without_time": (
        "The controller does not know the time, so that no code can be looked at. A manager can invite you anew, or "
        "the console: menshen account recover.",
        "控制器时间未知，无法核对验证码。可由管理员重新邀请您，或在控制台执行 menshen account recover。",
    ),
    "sessions_title": ("Where I am logged in", "我的登录会话"),
    "session_at": ("from {address}, for {elapsed}", "来自 {address}，已 {elapsed}"),
    "session_here": ("this window", "本窗口"),
    "sessions_end": ("End all others", "结束其他会话"),
    # accounts
    "accounts_none": (
        "Nobody has an account yet. Until there is one, only this console's session gets in.",
        "目前没有账户。在创建之前，仅本控制台会话可进入。",
    ),
    "account_invited": ("invited, has not logged in yet", "已邀请，尚未登录"),
    "account_factor": ("with a second factor", "已启用第二验证"),
    "account_make": ("Invite a person", "邀请人员"),
    "account_make_do": ("Make the account", "创建账户"),
    "account_roles": ("Change roles", "更改角色"),
    "account_roles_do": ("Change roles; the person is logged out", "更改角色，并使其退出登录"),
    "account_reset": ("Passphrase or phone lost", "口令或手机丢失"),
    "account_reset_what": (
        "The passphrase and the second factor are void at once, and a code is made by which the person chooses a new "
        "one.",
        "口令和第二验证立即失效，并生成代码供其重新设置口令。",
    ),
    "account_reset_do": ("Invite anew", "重新邀请"),
    "account_delete": ("Delete", "删除"),
    "account_delete_what": (
        "The person is out at once. What was done under the name stays in the journal.",
        "该人员立即退出。其操作记录仍保留在日志中。",
    ),
    "account_delete_do": ("Delete this account", "删除此账户"),
    "code_title": ("A code for {name}", "给 {name} 的代码"),
    "code_what": (
        "Tell it to nobody else. It is shown this once, works once, and for three days.",
        "请勿告知他人。仅显示这一次，只能使用一次，三天内有效。",
    ),
    "code_where": (
        "The person opens this page, chooses \u201cChoose your passphrase\u201d and types name and code.",
        "请其打开本页面，选择“设置口令”，输入姓名和代码。",
    ),
    "code_back": ("Back to the accounts", "返回账户管理"),
    "done_passphrase": ("The passphrase is changed.", "口令已更改。"),
    "done_factor_on": ("The second factor is on.", "第二验证已启用。"),
    "done_factor_off": ("The second factor is off.", "第二验证已停用。"),
    "done_sessions": ("All others are ended.", "其他会话已结束。"),
    "done_roles": ("The roles are changed.", "角色已更改。"),
    "done_deleted": ("The account is deleted.", "账户已删除。"),
    "done_out": ("You are logged out.", "您已退出登录。"),
    # refusals
    "forbidden_title": ("This is not for your role", "您的角色无权进行此操作"),
    "forbidden_next": (
        "Ask a manager. If you were asked to fill in a form: load its page anew and send it from there.",
        "请联系管理员。如果是提交表单：请重新打开该页面后提交。",
    ),
    "form_title": ("This form cannot be read", "无法读取此表单"),
    "form_next": ("Load its page anew and send it from there.", "请重新打开该页面后提交。"),
    "slow_title": ("That took too long", "提交超时"),
}
