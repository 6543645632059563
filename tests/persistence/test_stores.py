"""Every place a store may lie in keeps the same promises; two processes may share one."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from PIL import Image

from gems_graph import Store, paths
from gems_graph.errors import ConfigError, StoreError
from gems_graph.images import LostError, NoPictureError, needed_by
from gems_graph.system.parts import new_part

PLACES = ("folder", "file URL", "memory", "local through fsspec")
OLD = time.time() - 100_000  # over a day


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    folder = tmp_path / "a place"
    return {
        "folder": str(folder),
        "file URL": folder.as_uri(),
        "memory": f"memory://gems-{uuid.uuid4()}/images",
        "local through fsspec": f"local://{folder}",
    }[request.param]


@pytest.fixture
def own_protocol() -> Iterator[Any]:
    """Register file systems under protocols of their own while a test lasts."""
    names: list[str] = []

    def register(name: str, cls: type) -> None:
        fsspec.register_implementation(name, cls, clobber=True)
        names.append(name)

    yield register
    for name in names:
        _registry.pop(name, None)


def picture(n: int, side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side), 50).point(lambda v: v ^ n % 256).save(out, "PNG")
    return out.getvalue() + n.to_bytes(8, "big")  # behind the end, so that each is another file


def parts(store: Store) -> list[str]:
    """Temporary files in a store."""
    files, root = fsspec.core.url_to_fs(store.location)
    return [name for name in files.find(root) if "part" in name.rpartition("/")[2]]


def damage(store: Store, sha256: str, data: bytes) -> None:
    with fsspec.open(store.where(sha256), "wb") as file:
        file.write(data)


def test_what_is_put_is_there_until_it_is_removed(place: str) -> None:
    store, data = Store(place), picture(1)
    assert list(store.entries()) == []
    assert store.sweep() == 0
    before = time.time()
    ref = store.put_image(data)
    assert store.put_image(data) == ref
    [entry] = store.entries()
    assert (entry.sha256, entry.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert before - 5 < entry.modified < time.time() + 5
    later = Store(place)  # as another process sees it
    assert later.has(ref["sha256"])
    assert later.read(ref["sha256"]) == data
    later.remove(ref["sha256"])
    later.remove(ref["sha256"])
    assert not store.has(ref["sha256"])
    assert list(store.entries()) == []
    assert parts(store) == []


def test_missing_and_damaged_files_are_named_and_healed(place: str) -> None:
    store, data = Store(place), picture(2)
    key = store.put_image(data)["sha256"]
    for wrong in (b"shorter", bytes(len(data))):
        damage(store, key, wrong)
        with pytest.raises(LostError, match=rf"{store.where(key)} is damaged.* put the file back"):
            store.read(key)
        store.put_image(data)
        assert store.read(key) == data
    store.remove(key)
    with pytest.raises(LostError, match=f"{store.where(key)} is missing"):
        store.read(key)


def test_a_file_cut_short_is_healed_even_if_nobody_read_it(place: str) -> None:
    store, data = Store(place), picture(3)
    key = store.put_image(data)["sha256"]
    damage(store, key, data[:-1])
    Store(place).put_image(data)
    assert store.read(key) == data


def test_nothing_is_kept_that_is_no_whole_picture(place: str) -> None:
    store = Store(place)
    large = picture(4, 300)
    assert len(large) > 60_000  # decoded while it is being written
    for data in (picture(4)[:-60], b"ERROR", large[: len(large) // 2]):
        with pytest.raises(NoPictureError):
            store.put_image(data)
    assert list(store.entries()) == []
    assert parts(store) == []


def test_removing_forgets_what_was_kept_in_memory(place: str) -> None:
    store = Store(place)
    ref = store.put_image(picture(5))
    store.view(ref, 4)
    store.remove(ref["sha256"])
    with pytest.raises(LostError):
        store.view(ref, 4)


def test_many_threads_put_and_show_the_same_and_others(place: str) -> None:
    store, start = Store(place), Barrier(8)
    pictures = [picture(n, 64) for n in range(10)]

    def work(turn: int) -> list[str]:
        start.wait()
        refs = [store.put_image(data) for data in pictures[turn:] + pictures[:turn]]
        assert all(store.view(ref, 32)[0] for ref in refs)
        return sorted(ref["sha256"] for ref in refs)

    with ThreadPoolExecutor(8) as pool:
        [wanted, *others] = pool.map(work, range(8))
    assert all(other == wanted for other in others)
    assert sorted(entry.sha256 for entry in store.entries()) == wanted
    assert all(hashlib.sha256(store.read(key)).hexdigest() == key for key in wanted)
    assert parts(store) == []


def test_only_hashes_are_entries_or_become_paths(place: str) -> None:
    store = Store(place)
    key = store.put_image(picture(6))["sha256"]
    damage(store, key, b"x")
    for name in ("notes.txt", f"{key[:2]}/notes.txt", f"zz/{key}"):
        with fsspec.open(f"{store.location}/{name}", "wb", auto_mkdir=True) as file:
            file.write(b"mine")
    assert [entry.sha256 for entry in store.entries()] == [key]
    for name in ("../../etc/passwd", key.upper(), "", f"{key}/../{key}"):
        for use in (store.read, store.has, store.remove, store.where):
            with pytest.raises(StoreError, match="64 hexadecimal digits"):
                use(name)


def test_a_whole_run_keeps_its_pictures_there(place: str) -> None:
    from gems_graph import Trajectory  # here: the workers below import this module, too
    from tests.conftest import Loop, criteria, verdicts

    store = Store(place)
    reasons = "because " * 100
    script = {
        "decompose": criteria(2),
        "verify": verdicts("yn", "yy"),
        "refine": {"rationale": reasons, "prompt": "a better cat"},
    }
    state = Loop(store, script).run()
    assert state["result"]["success"]
    assert len(state["rounds"]) == 2
    assert len(list(store.entries())) == 3  # two pictures and the long reasoning
    assert Trajectory(state, Store(place)).image.size == (64, 64)
    assert Store(place).thought(state["rounds"][1]["thought"]).strip() == reasons.strip()


# shared by processes


def put_all(place: str, mine: int, start: Any, told: Any) -> None:
    """Put pictures that others put as well, and some of one's own, when all are ready."""
    store = Store(place)
    start.wait(60)
    keys = [store.put_image(same_everywhere(n))["sha256"] for n in range(25)]
    keys += [store.put_image(same_everywhere(1000 * mine + n))["sha256"] for n in range(10)]
    told.put([key for key in keys if store.read(key)])


def same_everywhere(n: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").rotate(n % 360).save(out, "PNG")
    return out.getvalue() + n.to_bytes(8, "big")


@pytest.mark.parametrize("url", ["{}", "local://{}"])
def test_processes_share_one_store(url: str, tmp_path: Path) -> None:
    context, place = multiprocessing.get_context("spawn"), url.format(tmp_path / "images")
    start, told = context.Barrier(3), context.Queue()
    workers = [context.Process(target=put_all, args=(place, n, start, told)) for n in (1, 2, 3)]
    for worker in workers:
        worker.start()
    keys = {key for _ in workers for key in told.get(timeout=120)}
    for worker in workers:
        worker.join()
    store = Store(place)
    assert len(keys) == 25 + 3 * 10
    assert {entry.sha256 for entry in store.entries()} == keys
    assert all(store.read(key) for key in keys)
    assert parts(store) == []


KILLED = """
import os, signal, sys
from gems_graph.images import Store
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
Store(sys.argv[1]).put_image(sys.stdin.buffer.read())
"""


def test_a_writer_killed_half_way_leaves_nothing_that_a_sweep_would_not_take(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "images")
    kept = store.put_image(picture(7))["sha256"]
    command = [sys.executable, "-c", KILLED, store.location]
    done = subprocess.run(command, input=picture(70), check=False)
    assert done.returncode == -signal.SIGKILL
    assert [entry.sha256 for entry in store.entries()] == [kept]
    assert len(parts(store)) == 1
    assert store.sweep() == 1
    assert parts(store) == []
    assert store.read(kept)


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize("place", ["folder", "local through fsspec"], indirect=True)
def test_a_sweep_takes_what_the_dead_left_and_nothing_in_use(place: str) -> None:
    store = Store(place)
    store.put_image(picture(8))
    folder = Path(store.location.removeprefix("local://")) / ".parts"
    folder.mkdir(exist_ok=True)
    host = new_part().split("-")[1]
    stays = [
        f".part-{host}-{os.getpid()}-0a",
        f".part-{host}-1-0b",  # somebody else's, but alive
        f".part-elsewhere-{dead_process()}-0c",
        "unknown",
    ]
    goes = [f".part-{host}-{dead_process()}-0d"]
    for name in (*stays, *goes):
        (folder / name).write_bytes(b"half")
    for name in (".part-elsewhere-1-0e", "unknown too"):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (OLD, OLD))
    assert store.sweep() == 3
    assert sorted(file.name for file in folder.iterdir()) == sorted(stays)
    assert store.sweep() == 0
    assert len(list(store.entries())) == 1


def test_a_part_swept_under_its_writer_is_written_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, swept = picture(10), list[str]()

    def swept_meanwhile(handle: int) -> None:  # by one on a host of the same name
        if not swept:
            swept.extend(parts(store))
            Path(swept[0]).unlink()

    monkeypatch.setattr(os, "fsync", swept_meanwhile)
    ref = store.put_image(data)
    assert swept
    assert store.read(ref["sha256"]) == data


def test_putting_again_makes_young(store: Store) -> None:
    data = picture(11)
    file = store.where(store.put_image(data)["sha256"])
    os.utime(file, (OLD, OLD))
    store.put_image(data)
    [entry] = store.entries()
    assert entry.modified > OLD + 50_000


# places that cannot be used


@contextmanager
def tmpfs(folder: Path) -> Iterator[None]:
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if mount else None
    if done is None or done.returncode:
        pytest.skip(f"no tmpfs may be mounted here: {done.stderr if done else 'no mount'}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk"):
        store, keys = Store(tmp_path / "disk" / "images"), []

        def fill() -> None:
            keys.extend(store.put_image(picture(n, 150))["sha256"] for n in range(100))

        with pytest.raises(StoreError, match=r"No space left on device.*Free some space"):
            fill()
        assert len(keys) > 2
        assert parts(store) == []
        assert all(store.read(key) for key in keys)
        store.remove(keys[0])
        assert store.put_image(picture(100, 150))


def test_a_read_only_disk_is_told_and_still_read(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk"):
        store = Store(tmp_path / "disk" / "images")
        ref = store.put_image(picture(12))
        remount = ["mount", "-o", "remount,ro", str(tmp_path / "disk")]
        subprocess.run(remount, check=True)
        with pytest.raises(StoreError, match=r"Read-only.*a folder you may write to"):
            store.put_image(picture(13))
        with pytest.raises(StoreError, match="Read-only"):
            store.remove(ref["sha256"])
        assert store.sweep() == 0
        assert store.put_image(store.read(ref["sha256"])) == ref  # it is there already


NOBODY = """
import os, sys
from gems_graph.errors import StoreError
from gems_graph.images import Store
data = sys.stdin.buffer.read()
Store(sys.argv[2]).put_image(data)  # loads what Pillow loads, while it may
if os.geteuid() == 0:
    os.setuid(65534)
try:
    Store(sys.argv[1]).put_image(data)
except StoreError as error:
    print(error)
"""


def test_a_folder_of_somebody_else_is_told(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as outside:  # pytest's own are closed to others
        folder = Path(outside) / "images"
        folder.mkdir()
        folder.chmod(0o555)
        Path(outside).chmod(0o755)
        command = [sys.executable, "-c", NOBODY, str(folder), str(tmp_path / "mine")]
        done = subprocess.run(command, input=picture(14), capture_output=True, check=False)
        assert b"Permission denied). Point GEMS_IMAGES at a folder you may" in done.stdout, done
        assert list(folder.iterdir()) == []


LIMITED = """
import resource, sys
from gems_graph.errors import StoreError
from gems_graph.images import Store
data = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Store(sys.argv[1]).put_image(data)
except StoreError as error:
    print(error)
"""


def test_a_file_too_large_for_the_system_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "images")]
    done = subprocess.run(command, input=picture(15, 100), capture_output=True, check=False)
    assert b"(File too large). Check the disk" in done.stdout, done
    assert parts(Store(tmp_path / "images")) == []


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    with pytest.raises(StoreError, match="GEMS_IMAGES"):
        store.put_image(picture(16))
    assert list(store.entries()) == []


def test_what_cannot_be_read_is_told(store: Store) -> None:
    key = store.put_image(picture(17))["sha256"]
    file = Path(store.where(key))
    file.unlink()
    file.mkdir()
    with pytest.raises(LostError, match=r"cannot be read \(Is a directory\)"):
        store.read(key)


def test_an_unknown_protocol_and_a_missing_package_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match=r"Protocol not known: nowhere\): use a folder or s3"):
        Store("nowhere://bucket")
    for module, url, remedy in (
        ("s3fs", "s3://bucket/images", r"pip install 'gems-graph\[s3\]'\."),
        ("gcsfs", "gs://bucket", r"install gcsfs to access Google Storage\."),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(_registry, url.partition(":")[0], raising=False)
        with pytest.raises(ConfigError, match=remedy):
            Store(url)


def test_a_server_that_is_down_is_told_without_the_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(
        StoreError, match=rf"ftp://me:\*\*\*@127.0.0.1:{port}/x.*GEMS_IMAGES"
    ) as told:
        Store(f"ftp://me:secret@127.0.0.1:{port}/x")
    assert "secret" not in str(told.value)


def test_what_a_driver_raises_is_told(own_protocol: Any) -> None:
    class Broken(MemoryFileSystem):
        protocol = "broken"
        cachable = False

        def cat_file(self, path: str, *_: Any, **__: Any) -> bytes:
            raise RuntimeError("the line is dead")

        pipe_file = info = find = ls = rm_file = cat_file

    own_protocol("broken", Broken)
    store, key = Store("broken://x"), "ab" * 32
    for use in (
        lambda: store.put_image(picture(18)),
        lambda: store.read(key),
        lambda: store.has(key),
        lambda: list(store.entries()),
        lambda: store.remove(key),
        store.sweep,
    ):
        with pytest.raises(StoreError, match=r"broken://x \(RuntimeError: the line is dead\)"):
            use()


def test_a_server_that_renames_onto_nothing_takes_the_same_picture_twice(
    own_protocol: Any, tmp_path: Path
) -> None:
    class Strict(LocalFileSystem):
        protocol = "strict"

        def mv(self, path1: str, path2: str, **_: Any) -> None:
            if self.exists(path2):
                raise FileExistsError(path2)
            super().mv(path1, path2)

    own_protocol("strict", Strict)
    store, data = Store(f"strict://{tmp_path}/images"), picture(19)
    assert store.put_image(data) == store.put_image(data)
    assert [entry.size for entry in store.entries()] == [len(data)]
    assert parts(store) == []


def test_a_plain_folder_does_without_fsspec(tmp_path: Path) -> None:
    code = (
        "import sys; from gems_graph.images import Store; store = Store(sys.argv[1]);"
        "store.put_image(sys.stdin.buffer.read()); store.sweep(); [*store.entries()];"
        "sys.exit('fsspec' in sys.modules)"
    )
    command = [sys.executable, "-c", code, tmp_path.as_uri()]
    subprocess.run(command, input=picture(20), check=True)


# whose it was


def test_a_lost_picture_is_named_with_the_trajectory_that_needs_it(
    loop: Any, tmp_path: Path
) -> None:
    from gems_graph import Trajectory
    from gems_graph.report import folder as folders

    made = loop({})
    state = made.run()
    made.store.remove(state["result"]["image"]["sha256"])
    who = f"trajectory {state['trajectory']}"
    with pytest.raises(LostError, match=f"; {who} needs it.*run it again"):
        _ = Trajectory(state, made.store).image
    again = rf"{who} \(thread t-7\) needs it.*gems fork t-7 --round"
    with pytest.raises(LostError, match=again):
        folders.write(tmp_path / "out", state, made.store, {"thread": "t-7"})


def test_whoever_named_it_first_is_believed(store: Store) -> None:
    inner = pytest.raises(LostError, match=r"^(?!.*outer).*trajectory inner needs it")
    with inner, needed_by("outer"), needed_by("inner"):
        store.read("cd" * 32)
    with pytest.raises(LostError, match=r"^(?!.*needs it)"), needed_by(""):
        store.read("cd" * 32)
    with pytest.raises(StoreError, match=r"^full$"), needed_by("x"):
        raise StoreError("full")


def test_the_default_store_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.images() == str(paths.home() / "images")
    url = f"memory://gems-{uuid.uuid4()}"
    monkeypatch.setenv("GEMS_IMAGES", url)
    from gems_graph import run
    from gems_graph.testing import Painter, ScriptedChat

    done = run("a cat", mllm=ScriptedChat(), generator=Painter())
    assert str(done.store) == url
    assert list(Store(url).entries())
