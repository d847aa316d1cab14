import pytest

from nodes.paths import check_path


@pytest.mark.parametrize(
    "path",
    ["app/main.py", ".env.example", ".gitignore", "app/templates/records/claims/list.html", "%2e%2e/x", "app/café.py", "a" * 240],
)
def test_an_ordinary_path_is_accepted(path: str) -> None:
    assert check_path(path) is None


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("", "empty"),
        ("../x", "leaves"),
        ("a/../../x", "leaves"),
        ("ａ/../b", "leaves"),
        ("/etc/passwd", "absolute"),
        ("~root", "absolute"),
        ("a//b", "empty part"),
        ("a/./b", "empty part"),
        ("a/", "empty part"),
        ("C:\\x", "some systems"),
        ("..\\x", "some systems"),
        ("a\x00b", "control"),
        ("a\nb", "control"),
        ("a\u202eb", "invisible"),
        ("\udc80", "invisible"),
        ("cafe\u0301.py", "normal form"),
        ("con.txt", "device"),
        ("app/LPT1", "device"),
        ("a/b.", "ends with"),
        ("a/ b", "space"),
        ("a" * 241, "240 bytes"),
        ("/".join("abcdefghijklm"), "12 levels"),
        (".git/hooks/post-checkout", "may not write"),
        ("app/.SSH/config", "may not write"),
        (".github/workflows/x.yml", "may not write"),
        ("x.pth", "without being asked"),
        ("app/sitecustomize.py", "without being asked"),
    ],
)
def test_a_dangerous_path_is_refused_with_its_reason(path: str, complaint: str) -> None:
    assert complaint in (check_path(path) or "")
