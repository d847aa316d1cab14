import re
from pathlib import Path

import pytest

from nodes.errors import ToolchainMissing
from nodes.verification.toolchain import LOCK, lock_sha256, require_toolchain


def installed(directory: Path, stamp: str) -> Path:
    (directory / "bin").mkdir()
    (directory / "bin" / "python").touch()
    (directory / "appyard-lock.sha256").write_text(stamp)
    return directory


def test_an_empty_folder_is_no_tool_chain(tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match="Nothing is installed"):
        require_toolchain(tmp_path)


def test_a_tool_chain_of_another_lock_is_outdated(tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match="another version"):
        require_toolchain(installed(tmp_path, "0" * 64))


def test_a_tool_chain_of_this_lock_is_current(tmp_path: Path) -> None:
    assert require_toolchain(installed(tmp_path, lock_sha256())) == tmp_path


def test_the_lock_names_no_place_to_download_from_and_hashes_everything() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    assert "--index" not in text
    packages = re.findall(r"^[a-z][^=\n]*==[^\n]*\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-z]", text, re.MULTILINE)) > 30
