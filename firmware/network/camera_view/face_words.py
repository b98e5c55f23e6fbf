"""Words of the pages of faces, in English and Simplified Chinese. The consent's own text stands in firmware/faces."""

from __future__ import annotations

FACE_WORDS: dict[str, tuple[str, str]] = {
    "faces_title": ("Faces", "人脸"),
    "faces_about": (
        "Only who consented is enrolled, and each of them has another way in. Templates are encrypted on the "
        "controller; this page never sees them, and no picture is kept.",
        "仅登记本人同意的人员，且每人都另有其他通行凭证。特征模板加密保存在控制器上；本页面不接触模板，也不保存照片。",
    ),
    "faces_are_off": ("Faces are switched off at this site.", "本站点未启用人脸识别。"),
    "faces_are_off_next": (
        "Whoever runs the site can switch them on in the site file: on = true in [faces], and a camera with wanted = "
        '["face"]. Nobody is enrolled or compared until then.',
        '站点管理者可在站点文件的 [faces] 中设置 on = true，并设置一台 wanted = ["face"] 的摄像机。'
        "在此之前不会登记或比对任何人。",
    ),
    "faces_no_camera": ("No camera of this site looks for faces.", "本站点没有用于人脸的摄像机。"),
    "faces_no_camera_next": (
        'Give a camera wanted = ["face"] in the site file, and make it a reader of the door.',
        '请在站点文件中为摄像机设置 wanted = ["face"]，并将其设为该门的读头。',
    ),
    "faces_nobody_matches": ("Nobody is recognised now: {why}", "目前无法识别任何人：{why}"),
    "faces_list": ("Who is enrolled", "已登记人员"),
    "faces_none": ("Nobody is enrolled.", "尚无登记。"),
    "faces_count": ("{count} in all", "共 {count} 人"),
    "faces_holder": ("Holder", "持有人"),
    "faces_name": ("Consented by", "同意人"),
    "faces_guardian": ("guardian: {name}", "监护人：{name}"),
    "faces_witness": ("Witness", "见证人"),
    "faces_given": ("Given", "同意时间"),
    "faces_until": ("Until", "有效期至"),
    "faces_templates": ("Templates", "模板数"),
    "faces_outdated": ("to be enrolled anew", "需重新登记"),
    "faces_more": ("Next ones", "下一页"),
    "faces_first": ("First ones", "第一页"),
    "faces_withdraw": ("Withdraw the consent", "撤回同意"),
    "faces_withdraw_of": ("Withdraw the consent of {holder}", "撤回 {holder} 的同意"),
    "faces_withdraw_about": (
        "The templates are wiped at once and the gate no longer knows this face. Cards, PINs and plates stay as they "
        "are. You get a signed receipt to hand over.",
        "模板将立即删除，门禁不再识别此人脸。门禁卡、密码和车牌不受影响。您将获得一份签名回执，可交给本人。",
    ),
    "faces_why": ("Why, for the journal", "原因（记入日志）"),
    "faces_why_asked": ("The person asked for it", "本人要求"),
    "faces_withdrawn": ("The templates are wiped. Here is the receipt.", "模板已删除，回执如下。"),
    "faces_receipt": ("Receipt", "回执"),
    "faces_receipt_about": (
        "It is signed by this controller. Anybody can check it: menshen faces receipt FILE.",
        "回执由本控制器签名，任何人都可用 menshen faces receipt FILE 验证。",
    ),
    "faces_receipt_save": ("Save the receipt", "保存回执"),
    "faces_receipts": ("Receipts", "回执"),
    "faces_receipts_about": (
        "Of templates that went by themselves: the time was over, the roster dropped the holder, the holder left, or "
        "all were wiped. They are kept for a year.",
        "用于自动删除的模板：到期、名册移除、持有人离开或全部清除。回执保存一年。",
    ),
    "faces_receipts_none": ("No receipts are kept.", "没有保存的回执。"),
    "faces_wiped": ("Wiped", "删除时间"),
    "faces_because": ("Because", "原因"),
    "faces_back": ("Back to the list", "返回列表"),
    # an enrolment
    "faces_enrol": ("Enrol somebody who is here", "登记在场人员"),
    "faces_enrol_title": ("Enrol a face", "登记人脸"),
    "faces_read_in": ("The text, in the person's language", "同意书语言（本人的语言）"),
    "faces_read_first": (
        "Let the person read this, or read it out, before anything else.",
        "请先让本人阅读以下内容，或为其朗读。",
    ),
    "faces_other_language": ("Show it in {language}", "以{language}显示"),
    "faces_english": ("English", "英文"),
    "faces_chinese": ("Chinese", "中文"),
    "faces_holder_advice": (
        "The holder's id in the roster. The roster has to give the holder a face and another credential.",
        "名册中的持有人编号。名册须已为其配置人脸及另一种凭证。",
    ),
    "faces_given_by": ("Name of who consents", "同意人姓名"),
    "faces_given_advice": ("As the person gives it here; not your own.", "请按本人所述填写，不能填您自己的姓名。"),
    "faces_under_14": ("The person is under 14", "本人未满 14 岁"),
    "faces_guardian_name": ("Name of the parent or guardian who consents", "表示同意的父母或监护人姓名"),
    "faces_guardian_advice": ("Needed under 14, and only then.", "未满 14 岁时必填，否则请留空。"),
    "faces_for": ("For how long", "有效期"),
    "faces_days": ("{count} days", "{count} 天"),
    "faces_year": ("a year", "一年"),
    "faces_years": ("three years", "三年"),
    "faces_camera": ("Camera", "摄像机"),
    "faces_agreed": (
        "The person stands here, has read or heard the text above, and agrees of their own free will. "
        "I am the witness.",
        "本人在场，已阅读或听取上述内容，并自愿同意。由我见证。",
    ),
    "faces_begin": ("Write the consent down and begin", "记录同意并开始"),
    "faces_enrolling": ("Enrolling {holder}", "正在登记 {holder}"),
    "faces_stop": ("Stop", "停止"),
    "faces_step_straight": ("Look straight into the camera", "请正视摄像机"),
    "faces_step_left": ("Turn the head a little to your left", "请将头稍向左转"),
    "faces_step_right": ("Turn the head a little to your right", "请将头稍向右转"),
    "faces_taken_of": ("{taken} of {least} angles taken", "已采集 {taken} / {least} 个角度"),
    "faces_saving": ("Being kept", "正在保存"),
    "faces_state_done": ("Enrolled.", "登记完成。"),
    "faces_state_done_next": (
        "From now on the face counts where this holder may pass, after the card or PIN.",
        "即日起，该持有人在有权通行处刷卡或输入密码后可使用人脸。",
    ),
    "faces_state_failed": ("Not enrolled.", "未能登记。"),
    "faces_state_failed_next": ("Nothing was kept. Try again in better light.", "未保存任何内容。请改善光线后重试。"),
    "faces_state_over": ("This enrolment is over.", "本次登记已结束。"),
    "faces_state_over_next": ("Look at the list whether the face is there.", "请在列表中查看是否已登记。"),
    "faces_end_late": ("The time was over before all angles were taken.", "未在规定时间内采集完所有角度。"),
    "faces_end_stopped": ("It was stopped.", "已停止。"),
    "faces_end_no_models": (
        "The recognition process has no models of faces. Whoever services the controller can fetch them: make models.",
        "识别程序缺少人脸模型。维护人员可运行 make models 获取。",
    ),
    # what went wrong
    "faces_not_agreed": (
        "Without consent nobody is enrolled: tick that the person agrees.",
        "未经同意不得登记：请勾选本人已同意。",
    ),
    "faces_no_holder": ("Give the holder's id in the roster.", "请填写名册中的持有人编号。"),
    "faces_no_name": ("Give the name of who consents.", "请填写同意人姓名。"),
    "faces_no_guardian": (
        "Under 14 a parent or guardian consents: give the name, and tick the age.",
        "未满 14 岁须由父母或监护人同意：请填写姓名并勾选年龄。",
    ),
    "faces_no_why": (
        "Say why, in a sentence of {least} to {most} characters.",
        "请用 {least} 至 {most} 个字符说明原因。",
    ),
    "faces_refused": ("The controller refused it.", "控制器已拒绝。"),
    "faces_silent": ("The controller does not answer. Nothing was done.", "控制器没有应答，未执行任何操作。"),
    "faces_not_known": (
        "The controller did not answer in time. Look at the list and the journal whether it was done.",
        "控制器未及时应答。请查看列表和日志确认是否已执行。",
    ),
}
