"""Say what is wrong with the path of a generated file. Paths are rejected, never cleaned."""

import re
import unicodedata

MAX_PATH_BYTES = 240
"""Leaves room for a folder in front under the 255 and 260 bytes of common file systems and archive tools."""
MAX_LEVELS = 12

_FORBIDDEN = re.compile(r'[\\:*?"<>|]')
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories: control, format (among them text direction), surrogate, private, unassigned, separators."""
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}
_PROTECTED_FOLDERS = {".git", ".ssh", ".github", ".hg", ".svn", ".venv", ".appyard"}
_PROTECTED_FILES = {"sitecustomize.py", "usercustomize.py", ".gitmodules", ".gitattributes"}


def check_path(path: str) -> str | None:
    """A complaint that completes "<path> …", or None if a file of a built app may have this path."""
    complaints = (_complaint_about_text(path), _complaint_about_place(path), _complaint_about_names(path.split("/")))
    return next((complaint for complaint in complaints if complaint), None)


def _complaint_about_text(path: str) -> str | None:
    if not path:
        return "is empty"
    if any(unicodedata.category(character) in _INVISIBLE for character in path):
        return "contains an invisible or control character"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if unicodedata.normalize("NFC", path) != path:
        return "is not in Unicode normal form C"
    if found := _FORBIDDEN.search(path):
        return f"contains {found.group()}, which some systems do not allow in names"
    return None


def _complaint_about_place(path: str) -> str | None:
    if path.startswith(("/", "~")):
        return "is absolute"
    parts = path.split("/")
    if len(parts) > MAX_LEVELS:
        return f"is deeper than {MAX_LEVELS} levels"
    if ".." in parts:
        return "leaves the app's folder"
    if "" in parts or "." in parts:
        return "has an empty part"
    return None


def _complaint_about_names(parts: list[str]) -> str | None:
    for part in parts:
        if part != part.strip(" ") or part.endswith("."):
            return "has a part that begins or ends with a space, or ends with a dot"
        if unicodedata.normalize("NFKC", part).split(".")[0].strip().lower() in _DEVICES:
            return "has a part that is a device name on Windows"
        if unicodedata.normalize("NFKC", part).lower() in _PROTECTED_FOLDERS:
            return f"lies in {part}, which apps may not write"
    name = parts[-1].lower()
    if name in _PROTECTED_FILES or name.endswith(".pth"):
        return "is a file that tools run without being asked"
    return None
