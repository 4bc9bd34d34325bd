"""What visitors leave in files, and for how long."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder

from explorer.ui.photo import files as photo_files
from explorer.ui.photo.files import GRACE_SECONDS, KEPT_SECONDS


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "files"))
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def age(path: Path, seconds: float = KEPT_SECONDS + GRACE_SECONDS + 60) -> None:
    """Make a file, or a folder and all in it, that old."""
    for file in (*path.rglob("*"), path):
        os.utime(file, (time.time() - seconds,) * 2)


def upload(folder: Path, name: str) -> Path:
    """A file where Gradio keeps uploads: in a folder that is named by its content."""
    (folder / name).mkdir()
    file = folder / name / "photo.png"
    file.write_bytes(b"photo")
    return file


def test_what_is_old_goes_whatever_its_name(temporary: Path) -> None:
    aborted = temporary / "tmpabc123"
    aborted.write_bytes(b"half")
    old = [aborted, upload(temporary, "0a1b"), photo_files.new_folder(), temporary / "deep_links"]
    old[-1].mkdir()
    for path in old:
        age(path if path.parent == temporary else path.parent)
    young = upload(temporary, "2c3d")
    photo_files.remove_left_overs()
    assert list(temporary.iterdir()) == [young.parent]


def test_what_a_visit_still_uses_stays(temporary: Path) -> None:
    visit, photo = photo_files.new_folder(), upload(temporary, "0a1b")
    within = photo_files.next_folder(visit)
    age(visit)
    age(photo.parent)
    photo_files.touch(visit, photo, temporary / "gone")
    photo_files.remove_left_overs()
    assert within.is_dir()
    assert photo.is_file()


def test_a_folder_with_one_young_file_stays_whole(temporary: Path) -> None:
    photo = upload(temporary, "0a1b")
    age(photo.parent)
    (photo.parent / "another.png").write_bytes(b"young")
    photo_files.remove_left_overs()
    assert photo.is_file()


def test_files_of_the_page_itself_stay_however_old(temporary: Path) -> None:
    photo = upload(temporary, "0a1b")
    age(photo.parent)
    photo_files.remove_left_overs([str(photo), "/elsewhere/photo.png"])
    assert photo.is_file()


def test_a_link_goes_and_what_it_leads_to_stays(temporary: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    age(target)
    link = temporary / "link"
    link.symlink_to(target)
    os.utime(link, (0, 0), follow_symlinks=False)
    photo_files.remove_left_overs()
    assert target.is_dir()
    assert not link.is_symlink()


def test_a_server_has_a_folder_of_its_own_that_goes_with_it(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    shared = Path(get_upload_folder())
    with photo_files.served_folder():
        own = Path(get_upload_folder())
        assert own.is_dir()
        upload(own, "0a1b")
        with photo_files.served_folder():  # another server of the same process
            assert Path(get_upload_folder()) == own
        assert own.is_dir()
    assert not own.exists()
    assert Path(get_upload_folder()) == shared
    killed, alive = (temporary.parent / f"{photo_files.SERVED}{name}" for name in ("killed", "alive"))
    for folder in (killed, alive):
        folder.mkdir()
        age(folder)
    photo_files.touch(alive)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(temporary))
    photo_files.remove_left_overs()
    assert not killed.exists()
    assert alive.is_dir()
