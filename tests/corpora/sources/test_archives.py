import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.corpora.sources.archives import ArchiveError, UnpackLimits, unpack


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return path


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tape:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tape.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_members_are_unpacked_to_their_folders(pack: Callable[..., Path], tmp_path: Path) -> None:
    archive = pack(tmp_path / "archive", {"a.abc": b"X:1", "deep/er/b.abc": b"X:2"})
    assert unpack(archive, tmp_path / "out") == 2
    assert (tmp_path / "out/deep/er/b.abc").read_bytes() == b"X:2"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_kind_of_tar(mode: str, tmp_path: Path) -> None:
    assert unpack(tar_of(tmp_path / "archive", {"a": b"x"}, mode), tmp_path / "out") == 1


@pytest.mark.parametrize("pack", [zip_of, tar_of])
@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_no_member_leaves_the_folder(pack: Callable[..., Path], name: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / "archive", {name: b"x"})
    with pytest.raises(ArchiveError, match="would leave the folder"):
        unpack(archive, tmp_path / "out")
    assert not list(tmp_path.rglob("*evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "archive", "w") as tape:
        info = tarfile.TarInfo("member")
        info.type = kind
        info.linkname = "/etc/passwd"
        tape.addfile(info)
    with pytest.raises(ArchiveError, match="link or a device"):
        unpack(tmp_path / "archive", tmp_path / "out")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("member")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "archive", "w") as pack:
        pack.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="link or a device"):
        unpack(tmp_path / "archive", tmp_path / "out")


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_a_bomb_is_stopped_while_it_unpacks(pack: Callable[..., Path], tmp_path: Path) -> None:
    archive = pack(tmp_path / "archive", {"zeros": bytes(50_000_000)})
    with pytest.raises(ArchiveError, match="more bytes than allowed, at 'zeros'"):
        unpack(archive, tmp_path / "out")
    written = sum(file.stat().st_size for file in (tmp_path / "out").rglob("*"))
    assert written < 50_000_000


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_too_many_members_are_refused(pack: Callable[..., Path], tmp_path: Path) -> None:
    archive = pack(tmp_path / "archive", {f"{i}.abc": b"x" for i in range(5)})
    with pytest.raises(ArchiveError, match="more than 4 members"):
        unpack(archive, tmp_path / "out", UnpackLimits(members=4))


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "archive", "w") as tape:
        for _ in range(2):
            tape.addfile(tarfile.TarInfo("same"), io.BytesIO())
    with pytest.raises(ArchiveError, match="two members are called same"):
        unpack(tmp_path / "archive", tmp_path / "out")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda _: b"noise" * 100, lambda _: b""])
@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_a_damaged_archive_is_named(
    pack: Callable[..., Path], damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    archive = pack(tmp_path / "archive", {f"{i}.abc": bytes(range(256)) * 40 for i in range(20)})
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(ArchiveError, match="archive: not readable as an archive"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_is_a_bomb_is_refused_before_it_is_read(kind: bytes, tmp_path: Path) -> None:
    header = tarfile.TarInfo("header")
    header.type, header.size = kind, 1 << 40  # the archive ends long before, but the size is what is read
    (tmp_path / "archive").write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(5_000_000)))
    with pytest.raises(ArchiveError, match="the header of a member has more bytes than allowed"):
        unpack(tmp_path / "archive", tmp_path / "out")


def test_many_headers_before_one_member_are_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("header")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 512
    (tmp_path / "archive").write_bytes((header.tobuf(tarfile.GNU_FORMAT) + b"a" * 512) * 5000)
    with pytest.raises(ArchiveError):
        unpack(tmp_path / "archive", tmp_path / "out")


def test_long_names_and_attributes_within_the_limit_are_read(tmp_path: Path) -> None:
    name = "/".join(["folder"] * 40) + "/a.abc"
    for style in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "archive", "w", format=style) as tape:
            info = tarfile.TarInfo(name)
            info.size = 1
            tape.addfile(info, io.BytesIO(b"x"))
        assert unpack(tmp_path / "archive", tmp_path / str(style)) == 1
        assert (tmp_path / str(style) / name).read_bytes() == b"x"


def test_the_headers_of_all_members_together_are_limited(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "archive", {f"{number}.abc": b"x" for number in range(50)})
    assert unpack(archive, tmp_path / "out") == 50
    with pytest.raises(ArchiveError, match="more bytes than allowed"):
        unpack(archive, tmp_path / "other", UnpackLimits(directory_bytes=20 * 512))


def test_the_directory_of_a_zip_archive_is_limited(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "archive", {f"{number}.abc": b"x" for number in range(50)})
    assert unpack(archive, tmp_path / "out") == 50
    with pytest.raises(ArchiveError, match="its directory has more than 999 bytes"):
        unpack(archive, tmp_path / "other", UnpackLimits(directory_bytes=999))
