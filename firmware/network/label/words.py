"""The words of the label's page, in English and Simplified Chinese; firmware/network/words.py says them."""

from __future__ import annotations

LABEL_WORDS: dict[str, tuple[str, str]] = {
    "label_title": ("Label", "标签"),
    "label_what": (
        "Print this and fix it inside the cabinet. Whoever opens the page on a new phone compares the fingerprint with "
        "what the browser shows, once: then nobody stands between the two.",
        "请打印并贴在机箱内。首次用新手机打开本页面时，将指纹与浏览器所示核对一次，即可确认中间无人冒充。",
    ),
    "label_controller": ("Controller", "控制器"),
    "label_address": ("Address of the page", "页面地址"),
    "label_addresses": ("Other addresses of it", "其他地址"),
    "label_key": ("Fingerprint of the page's key (SHA-256)", "页面密钥指纹（SHA-256）"),
    "label_key_what": (
        "It stays the same for as long as the board does. Chromium shows it as that of the public key.",
        "只要控制板不更换就保持不变。Chromium 显示为公钥的指纹。",
    ),
    "label_certificate": ("Fingerprint of the certificate (SHA-256)", "证书指纹（SHA-256）"),
    "label_certificate_what": (
        "Most browsers show this one. It changes when the page gets other names, and the key does not.",
        "多数浏览器显示此项。页面更换名称时它会变化，密钥不变。",
    ),
    "label_code_what": (
        "Write the claim code beside it, as the console tells it: menshen account label. This page does not know it.",
        "请将控制台给出的认领码写在旁边：menshen account label。本页面不知道认领码。",
    ),
    "label_picture": ("The address and the fingerprint of the key, to be scanned", "页面地址和密钥指纹，可扫描"),
    "label_compare": ("How to compare", "如何核对"),
    "label_compare_open": (
        "Scan the picture. The browser warns that it does not know the page: that is right the first time.",
        "扫描图码。浏览器会提示不认识本页面：首次属正常现象。",
    ),
    "label_compare_look": (
        "Before you go on, open what it tells of the certificate and compare the fingerprint, all of it.",
        "继续之前，打开浏览器的证书详情，逐位核对指纹。",
    ),
    "label_compare_else": (
        "If it differs, go no further, and type no passphrase: call whoever services the network.",
        "若不一致，请勿继续，也不要输入口令：请联系网络维护人员。",
    ),
    "label_plain": (
        "This page is served on this machine only, without TLS: there is nothing to compare.",
        "本页面仅在本机提供，未启用 TLS：无需核对。",
    ),
}
