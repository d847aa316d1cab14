"""Laying a package down touches nothing that was there."""

import io
import zipfile
from pathlib import Path

import pytest

from server.commands.failures import BadInput
from server.commands.packages import check_writable, lay_down
from server.services.builds import Package


def make_package() -> Package:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("claims/app/main.py", "print(1)\n")
    return Package(buffer.getvalue(), "claims-1.zip", "0" * 64)


def test_the_zip_and_the_unpacked_app_lie_side_by_side(tmp_path: Path) -> None:
    laid = lay_down(make_package(), tmp_path)
    assert (laid.zip_file, laid.folder) == (tmp_path / "claims.zip", tmp_path / "claims")
    assert (laid.folder / "app" / "main.py").read_text() == "print(1)\n"


def test_a_name_that_is_taken_gets_a_number_and_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "mine.txt").write_text("mine")
    laid = lay_down(make_package(), tmp_path)
    assert laid.folder == tmp_path / "claims-2"
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(BadInput, match="Choose a folder"):
        check_writable(tmp_path / "out")
