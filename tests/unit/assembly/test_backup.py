"""A backup, and the data folder that is made of it: all that people made, or nothing at all."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from tests.support.database import Kind, databases_are, new_url
from tests.unit.engine.shelf import gathered
from tests.unit.store.test_database import row

from labyard.assembly import backup, restoring
from labyard.assembly.archive import DIGESTS, FORMAT, HEADER, ROWS, Header, Reader
from labyard.assembly.configuration import Configuration
from labyard.assembly.settings import Settings
from labyard.engine.footing import BASE, DELTA
from labyard.engine.snapshot import Snapshot, publish, read_snapshot
from labyard.errors import ConflictError, NotFoundError
from labyard.machine.plan import Format, LayerSpec
from labyard.store.database import Database, head
from labyard.store.plays import PlayStore

SAVED = "saved-000000000000000000000001"


def quiet(_count: int) -> None:
    return


def filled(data: Path) -> Settings:
    """A data folder as a server would leave it."""
    data.mkdir(mode=0o711)
    for name, text in {
        "id": "not to be had twice",
        "server.lock": "1",
        "owner.token": "the-owner\n",
        "content/challenges/nat/index.md": "# NAT\n",
        "content/.incoming/file-1": "half",
        "playgrounds/mine/manifest.yaml": "kind: playground\n",
        "plays/0123/journal.json": "{}",
        "bots/2026-01-01/round.json": "{}",
        "images/sources/busybox.json": json.dumps({"source": "busybox", "digest": "sha256:1"}),
        "images/sources/other.json": json.dumps({"source": "other", "digest": "sha256:2"}),
        "images/disks/sha256-1/disk.ext4": "the disk",
        "images/disks/sha256-1/image.json": "{}",
        "images/disks/sha256-2/disk.ext4": "another's",
        "images/boot/1-1.qcow2": "the boot disk",
        "kernels/6.1/kernel.json": "{}",
        "kernels/6.1/vmlinuz": "the kernel",
        "kernels/6.1/initramfs-1": "its beginning",
        "kernels/6.1/modules/6.1.0/a.ko": "a module",
    }.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)
    (data / "owner.token").chmod(0o600)
    (data / "content" / "challenges" / "nat" / "out").symlink_to("/etc/passwd")
    save(data)
    settings = Settings(data=data)
    asyncio.run(fill_database(settings))
    return settings


def save(data: Path) -> None:
    """A saved playground's snapshot, which lies on an image's disk and a kernel; its delta has gone into its base."""
    work, place = data / "snapshots" / "work", data / "snapshots" / SAVED
    made = gathered(work)
    (machine,) = made.machines
    footing = machine.footing.in_folder(place / "node-01")
    own = footing.spec.disks[0].layers[1]
    below = (
        LayerSpec(path=data / "images/disks/sha256-1/disk.ext4", format=Format.RAW),
        LayerSpec(path=data / "images/boot/1-1.qcow2", format=Format.QCOW2),
    )
    disks = (footing.spec.disks[0].model_copy(update={"layers": (*below, own)}),)
    spec = footing.spec.model_copy(update={"disks": disks, "kernel": data / "kernels/6.1/vmlinuz"})
    footing = footing.model_copy(update={"spec": spec, "initramfs": data / "kernels/6.1/initramfs-1"})
    machines = (machine.model_copy(update={"footing": footing}),)
    publish(work, made.model_copy(update={"machines": machines}), place, durable=False)
    (place / "node-01" / DELTA).unlink()


async def fill_database(settings: Settings) -> None:
    url = settings.configuration.database_url
    file = settings.data / "labyard.db"
    database = await (Database.open_file(file) if url is None else Database.open(url.get_secret_value()))
    for number in range(3):
        await PlayStore(database).insert(row(number))
    await database.close()


async def plays_in(url: str) -> list[str]:
    database = Database.attach(url)
    try:
        return [each.id for each in await PlayStore(database).list()]
    finally:
        await database.close()


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


def test_what_people_made_is_there_again_in_another_folder(tmp_path: Path) -> None:
    settings = filled(tmp_path / "old")
    kept = backup.back_up(settings, tmp_path / "file", quiet)
    assert (kept.rows, kept.saved, kept.lost) == (3, (SAVED,), ())
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert not [path for path in settings.data.iterdir() if path.name.startswith(".")]
    new = tmp_path / "new" / "data"
    again = restoring.restore(Settings(data=new), tmp_path / "file", quiet)
    assert (again.rows, again.files, again.saved) == (kept.rows, kept.files, kept.saved)
    assert files_in(new) == {
        "owner.token",
        "labyard.db",
        "content/challenges/nat/index.md",
        "playgrounds/mine/manifest.yaml",
        "images/sources/busybox.json",
        "images/disks/sha256-1/disk.ext4",
        "images/disks/sha256-1/image.json",
        "images/boot/1-1.qcow2",
        "kernels/6.1/kernel.json",
        "kernels/6.1/vmlinuz",
        "kernels/6.1/initramfs-1",
        "kernels/6.1/modules/6.1.0/a.ko",
        *(f"snapshots/{SAVED}/{name}" for name in ("snapshot.json", "node-01/initrd", "node-01/disk-0")),
        *(f"snapshots/{SAVED}/node-01/{name}" for name in (BASE, "devices")),
    }
    assert [(new / name).stat().st_mode & 0o777 for name in ("owner.token", "labyard.db")] == [0o600, 0o600]
    assert new.stat().st_mode & 0o777 == 0o711
    snapshot = read_snapshot(new / "snapshots" / SAVED)
    assert snapshot is not None
    assert all(path.exists() for path in backup.paths_of(snapshot) if path.name != "run")
    assert str(settings.data) not in snapshot.model_dump_json()
    assert (new / "snapshots" / SAVED / "node-01" / BASE).stat().st_blocks == 0, "holes stay holes"
    assert asyncio.run(plays_in(f"sqlite:///{new / 'labyard.db'}")) == [row(number).id for number in (2, 1, 0)]


@pytest.mark.parametrize(("old", "new"), [(Kind.POSTGRESQL, Kind.SQLITE), (Kind.SQLITE, Kind.POSTGRESQL)])
def test_it_is_the_way_from_one_database_to_the_other(tmp_path: Path, old: Kind, new: Kind) -> None:
    with databases_are(Kind.POSTGRESQL):
        url = new_url(tmp_path)
        outside = Configuration(database_url=url)  # type: ignore[arg-type]
        inside = Configuration()
        source = Settings(data=tmp_path / "old", configuration=outside if old is Kind.POSTGRESQL else inside)
        source.data.mkdir()
        (source.data / "owner.token").write_text("x")
        asyncio.run(fill_database(source))
        backup.back_up(source, tmp_path / "file", quiet)
        target = Settings(data=tmp_path / "new", configuration=outside if new is Kind.POSTGRESQL else inside)
        restoring.restore(target, tmp_path / "file", quiet)
        found = url if new is Kind.POSTGRESQL else f"sqlite:///{target.data / 'labyard.db'}"
        assert len(asyncio.run(plays_in(found))) == 3
        assert (target.data / "labyard.db").exists() is (new is Kind.SQLITE)
        if new is Kind.POSTGRESQL:
            with pytest.raises(ConflictError, match="not empty"):
                restoring.restore(Settings(data=tmp_path / "third", configuration=outside), tmp_path / "file", quiet)
            assert not (tmp_path / "third").exists()


def test_where_something_is_already_nothing_is_touched(tmp_path: Path) -> None:
    settings = filled(tmp_path / "old")
    backup.back_up(settings, tmp_path / "file", quiet)
    before = (tmp_path / "file").read_bytes()
    with pytest.raises(ConflictError, match="there already"):
        backup.back_up(settings, tmp_path / "file", quiet)
    assert (tmp_path / "file").read_bytes() == before
    with pytest.raises(ConflictError, match="not empty"):
        restoring.restore(settings, tmp_path / "file", quiet)
    with pytest.raises(NotFoundError, match="no data folder"):
        backup.back_up(Settings(data=tmp_path / "nowhere"), tmp_path / "other", quiet)
    with pytest.raises(ConflictError, match="cannot be read"):
        restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "nowhere", quiet)


def test_a_snapshot_that_is_not_whole_is_named_and_left_out(tmp_path: Path) -> None:
    settings = filled(tmp_path / "old")
    (settings.data / "snapshots" / SAVED / "node-01" / "disk-0").write_text("cut")
    kept = backup.back_up(settings, tmp_path / "file", quiet)
    assert (kept.saved, kept.lost) == ((), (SAVED,))
    restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "file", quiet)
    assert not (tmp_path / "new" / "snapshots").exists()


class Interrupt:
    """Ctrl-C after so many bytes."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [0, 3_000, 10 << 20])
def test_interrupted_it_leaves_nothing(tmp_path: Path, after: int) -> None:
    settings = filled(tmp_path / "old")
    before = files_in(settings.data)
    with pytest.raises(KeyboardInterrupt):
        backup.back_up(settings, tmp_path / "file", Interrupt(after))
    assert files_in(settings.data) == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    backup.back_up(settings, tmp_path / "file", quiet)
    once = _size_of(tmp_path / "file")
    for point in (after, once + after):
        with pytest.raises(KeyboardInterrupt):
            restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "file", Interrupt(point))
        assert not (tmp_path / "new").exists()
    (tmp_path / "new").mkdir()
    with pytest.raises(KeyboardInterrupt):
        restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "file", Interrupt(once + after))
    assert list((tmp_path / "new").iterdir()) == []


def _size_of(file: Path) -> int:
    total = 0
    with file.open("rb") as opened:
        for member, _ in Reader(opened).files():
            total += member.size
    return total


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.999])
def test_one_flipped_bit_is_found_before_anything_is_written(tmp_path: Path, place: float) -> None:
    settings = filled(tmp_path / "old")
    backup.back_up(settings, tmp_path / "file", quiet)
    content = bytearray((tmp_path / "file").read_bytes())
    content[int(len(content) * place)] ^= 4
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(ConflictError, match="damaged"):
        restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "bad", quiet)
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    with pytest.raises(ConflictError, match="damaged"):
        restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "cut", quiet)
    assert not (tmp_path / "new").exists()


GOOD = Header(format=FORMAT, labyard="0", revision=head(), data="/old", made="now")
Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, content: bytes = b"", **change: object) -> Entry:
    made = tarfile.TarInfo(name)
    made.size = len(content)
    for key, value in change.items():
        setattr(made, key, value)
    return made, content


def written(path: Path, entries: list[Entry]) -> Path:
    """An archive by somebody who means ill."""
    found = {}
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
            found[info.name] = sha256(content).hexdigest()
        info, content = entry(DIGESTS, json.dumps(found).encode())
        tar.addfile(info, io.BytesIO(content))
    path.write_bytes(zstandard.compress(plain.getvalue()))
    return path


def header(**change: object) -> Entry:
    return entry(HEADER, GOOD.model_copy(update=change).model_dump_json().encode())


TOKEN = entry("files/owner.token", b"x")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([], "no header"),
        ([entry(HEADER, b"{}"), entry(ROWS)], "cannot be read"),
        ([entry(ROWS), header()], "no header"),
        ([header(format=2), entry(ROWS)], "has the format 2"),
        ([header(revision="9999"), entry(ROWS)], "newer Labyard"),
        ([header(), entry(ROWS)], "lacks what ours have"),
        ([header(), TOKEN], "lacks what ours have"),
        ([header(), entry(ROWS), TOKEN, entry("files/../../etc/cron.d/x", b"x")], "leave its tree"),
        ([header(), entry(ROWS), TOKEN, entry("/etc/cron.d/x", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/labyard.db", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/id", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/plays/x/journal.json", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/content", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/content/a\nb", b"x")], "ours do not"),
        ([header(), entry(ROWS), TOKEN, entry("files/content/" + "a/" * 80 + "b", b"x")], "ours do not"),
        (
            [header(), entry(ROWS), TOKEN, entry("files/content/a", b"x"), entry("files/content/a/b")],
            "cannot be written",
        ),
        ([header(), entry(ROWS), TOKEN, TOKEN], "ours do not"),
        (
            [header(), entry(ROWS), entry("files/owner.token", type=tarfile.SYMTYPE, linkname="/etc/shadow")],
            "ours do not",
        ),
        (
            [header(), entry(ROWS), entry("files/content/a", type=tarfile.LNKTYPE, linkname="/etc/shadow")],
            "ours do not",
        ),
        ([header(), entry(ROWS), entry("files/content/a", type=tarfile.CHRTYPE)], "ours do not"),
        ([header(), entry(ROWS), entry("files/content", type=tarfile.DIRTYPE)], "ours do not"),
        ([header(), entry(ROWS, b'{"table": "plays", "row": {}}\n'), TOKEN], "does not fit"),
        ([header(), entry(ROWS, b'{"table": "plays"'), TOKEN], "larger than any of ours"),
        ([header(), entry(ROWS), TOKEN, entry("files/snapshots/saved-1/snapshot.json", b"{")], "record cannot be read"),
        (
            [header(), entry(ROWS), TOKEN, entry("files/snapshots/saved-1/snapshot.json", b"[" * 99_999)],
            "cannot be read",
        ),
    ],
)
def test_what_is_not_ours_is_refused_and_leaves_nothing(tmp_path: Path, entries: list[Entry], says: str) -> None:
    bad = written(tmp_path / "bad", entries)
    with pytest.raises(ConflictError) as refused:
        restoring.restore(Settings(data=tmp_path / "new"), bad, quiet)
    assert says in refused.value.message
    assert refused.value.hint is not None or says == "cannot be written" or "larger" in says or "fit" in says
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


def test_a_snapshot_that_lies_on_a_file_of_the_box_is_refused(tmp_path: Path) -> None:
    """Else its play's disk would be that file."""
    record = gathered(tmp_path / "made").model_dump_json()  # its kernel and its root lie elsewhere
    Snapshot.model_validate_json(record)
    place = entry("files/snapshots/saved-1/snapshot.json", record.encode())
    bad = written(tmp_path / "bad", [header(data=str(tmp_path / "made")), entry(ROWS), TOKEN, place])
    with pytest.raises(ConflictError, match="lies on something else: /"):
        restoring.restore(Settings(data=tmp_path / "new"), bad, quiet)
    assert not (tmp_path / "new").exists()


def bomb(frame: Callable[[bytes], object]) -> None:
    made = tarfile.TarInfo("files/content/a")
    made.size = 1 << 50
    frame(made.tobuf(tarfile.PAX_FORMAT))


def test_what_says_it_is_larger_than_everything_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "bad").open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as frame:
        info, content = header()
        frame.write(info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512))
        bomb(frame.write)
    with pytest.raises(ConflictError, match="larger than any of ours"):
        restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "bad", quiet)


def test_other_files_are_no_backups(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "some.db") as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    for content in (b"", b"text\n" * 1000, (tmp_path / "some.db").read_bytes(), zstandard.compress(b"text\n" * 1000)):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ConflictError, match="no backup"):
            restoring.restore(Settings(data=tmp_path / "new"), tmp_path / "bad", quiet)
