"""The name under which a file is saved, made of one that a stranger has chosen. Pure."""

import re
import unicodedata
from typing import Final

from whatsapp.file_types import EXTENSIONS

LONGEST: Final = 120  # characters; file systems take 255 bytes
# What separates folders, or means something to Windows.
_SEPARATORS: Final = re.compile(r"[/\\]")
_UNUSABLE: Final = re.compile(r'[<>:"|?*]')
# Programs, which a click on what was saved would start.
_PROGRAMS: Final = frozenset(
    {"exe", "bat", "cmd", "com", "scr", "pif", "js", "jse", "vbs", "vbe", "wsf", "msi"}
    | {"ps1", "hta", "lnk", "jar", "reg", "cpl", "app", "sh", "command"}
)


def safe_name(told: str, *, mime: str, fallback: str) -> str:
    """A name without folders, control or invisible characters, and with an extension.

    A program gets `.txt` behind its name: what a stranger sent does not start by a click.
    """
    name = _SEPARATORS.split(unicodedata.normalize("NFC", told))[-1]
    shown = "".join(one for one in name if unicodedata.category(one)[0] != "C")
    shown = _UNUSABLE.sub("_", " ".join(shown.split())).strip(" .")
    stem, dot, extension = (shown or fallback).rpartition(".")
    if not dot or not stem or not re.fullmatch(r"\w{1,8}", extension):
        stem, extension = shown or fallback, ""
    wanted = EXTENSIONS.get(mime, "")
    if extension.lower() in _PROGRAMS:
        stem, extension = f"{stem}.{extension}", "txt"
    elif not extension:
        extension = wanted
    stem = stem[: LONGEST - len(extension) - 1].rstrip(" .") or fallback
    return f"{stem}.{extension}" if extension else stem
