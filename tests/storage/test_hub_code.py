"""Published code: pinned revisions, their archives, their folders in the cache."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.hub_code import COSPLACE, HUB_CODE, check_archive, copy_folder, unpack_archive
from tests.storage.hub_archives import FILES, archive_of


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub"


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "archive.zip"
    path.write_bytes(content)
    return path


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_every_repository_is_pinned_to_a_full_revision() -> None:
    for repositories in HUB_CODE.values():
        for repository in repositories:
            assert re.fullmatch("[0-9a-f]{40}", repository.commit)
            assert repository.commit in repository.url and repository.url.startswith("https://github.com/")
            assert repository.licence


def test_its_folder_is_named_as_torch_hub_names_it() -> None:
    hub = pytest.importorskip("torch.hub")
    owner, name, ref = hub._parse_repo_info(f"{COSPLACE.name}:{COSPLACE.commit}")
    assert COSPLACE.place == f"{owner}_{name}_{ref}"


def test_an_archive_becomes_the_folder_in_the_cache(tmp_path: Path, cache: Path) -> None:
    assert COSPLACE.folder(cache) is None
    folder = unpack_archive(write(tmp_path, archive_of(COSPLACE)), COSPLACE, cache)
    assert folder == COSPLACE.folder(cache) == cache / COSPLACE.place
    assert texts(folder) == FILES
    assert [path.name for path in cache.iterdir()] == [COSPLACE.place]


def test_a_former_folder_without_its_entry_file_is_replaced(tmp_path: Path, cache: Path) -> None:
    (cache / COSPLACE.place).mkdir(parents=True)
    (cache / COSPLACE.place / "left.py").write_text("")
    assert COSPLACE.folder(cache) is None
    assert texts(unpack_archive(write(tmp_path, archive_of(COSPLACE)), COSPLACE, cache)) == FILES


def test_an_archive_of_another_revision_is_refused(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, archive_of(COSPLACE, comment="0" * 40))
    with pytest.raises(DamagedFileError, match="is not gmberton/CosPlace at the revision 52b56e9"):
        unpack_archive(path, COSPLACE, cache)
    assert not cache.exists()


def test_an_archive_without_a_comment_goes_by_the_name_of_its_folder(tmp_path: Path) -> None:
    check_archive(write(tmp_path, archive_of(COSPLACE, comment="")), COSPLACE)
    with pytest.raises(DamagedFileError, match="it says 'main'"):
        check_archive(write(tmp_path, archive_of(COSPLACE, comment="", top="CosPlace-main")), COSPLACE)


@pytest.mark.parametrize("name", ["../outside.py", "/etc/outside.py", "a/../../outside.py", "c:/outside.py"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, cache: Path, name: str) -> None:
    path = write(tmp_path, archive_of(COSPLACE, FILES | {name: "evil"}))
    with pytest.raises(DamagedFileError, match="which leads out of its folder"):
        unpack_archive(path, COSPLACE, cache)
    assert not list(tmp_path.rglob("outside.py"))


def test_links_in_an_archive_are_left_out(tmp_path: Path, cache: Path) -> None:
    buffer = io.BytesIO(archive_of(COSPLACE))
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("CosPlace-x/link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert texts(unpack_archive(write(tmp_path, buffer.getvalue()), COSPLACE, cache)) == FILES


def test_an_archive_without_its_entry_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match=r"holds no hubconf\.py"):
        check_archive(write(tmp_path, archive_of(COSPLACE, {"README.md": "hello"})), COSPLACE)


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.hub_code.MAX_BYTES", 10)
    with pytest.raises(DamagedFileError, match="would unpack to"):
        check_archive(write(tmp_path, archive_of(COSPLACE)), COSPLACE)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_cut_archive_is_refused(tmp_path: Path, keep: float) -> None:
    content = archive_of(COSPLACE)
    with pytest.raises(DamagedFileError, match="is cut or no zip archive"):
        check_archive(write(tmp_path, content[: int(len(content) * keep)]), COSPLACE)


def test_an_altered_archive_is_refused(tmp_path: Path) -> None:
    content = archive_of(COSPLACE).replace(b"SIZE = 3", b"SIZE = 4")
    with pytest.raises(DamagedFileError, match="network.py' in it cannot be read"):
        check_archive(write(tmp_path, content), COSPLACE)


def test_a_folder_fetched_elsewhere_is_copied_without_caches_and_links(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "elsewhere"
    for name, content in (FILES | {".git/config": "x", "inner/__pycache__/network.pyc": "x"}).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(content)
    (source / "link.py").symlink_to(source / "LICENSE")
    assert texts(copy_folder(source, COSPLACE, cache)) == FILES


def test_a_folder_of_something_else_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(DamagedFileError, match=r"is no copy of gmberton/CosPlace: there is no hubconf\.py"):
        copy_folder(tmp_path, COSPLACE, cache)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file where the folder should be")
    with pytest.raises(StageError, match="cannot write"):
        unpack_archive(write(tmp_path, archive_of(COSPLACE)), COSPLACE, tmp_path / "hub")
