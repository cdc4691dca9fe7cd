"""Git against a real server on loopback: what is fetched, what is not, and what is never run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.support.git_server import GitServer, git

from labyard.errors import RepositoryError
from labyard.repositories import git as room
from labyard.repositories.address import parse_address
from labyard.repositories.git import Git

FILES: dict[str, bytes | str] = {
    "README.md": "Hello.\n",
    "labs/one/index.md": "---\n---\n",
    "labs/one/__static__/a.png": b"\x89PNG\0\n\xff",
}


@pytest.fixture
def fetcher(server: GitServer, tmp_path: Path) -> Git:
    return Git(tmp_path / "data" / "git", server.settings)


async def read(fetcher: Git, address: str) -> dict[str, bytes]:
    async with fetcher.at(parse_address(address)) as checkout:
        return await checkout.read(checkout.listing.blobs)


async def test_one_commit_byte_for_byte(server: GitServer, fetcher: Git, tmp_path: Path) -> None:
    server.add("plain", FILES)
    found = await read(fetcher, server.url("plain"))
    assert found == {path: data.encode() if isinstance(data, str) else data for path, data in FILES.items()}
    assert list((tmp_path / "data/git").iterdir()) == [], "nothing stays"


async def test_branches_tags_and_commits(server: GitServer, fetcher: Git) -> None:
    folder = server.add("refs", {"which": "first"})
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "tag", "-a", "v1", "-m", "one")
    git(folder, "checkout", "-q", "-b", "feature/two")
    server.commit("refs", {"which": "second"})
    git(folder, "checkout", "-q", "main")
    server.commit("refs", {"which": "third"})
    for ref, expected in {
        "": b"third",
        "main": b"third",
        "v1": b"first",
        "feature/two": b"second",
        first: b"first",
    }.items():
        assert await read(fetcher, f"{server.url('refs')}#{ref}") == {"which": expected}, ref
    with pytest.raises(RepositoryError, match="no such branch, tag or commit"):
        await read(fetcher, f"{server.url('refs')}#nowhere")


async def test_nothing_of_a_repository_acts(server: GitServer, fetcher: Git, tmp_path: Path) -> None:
    """Hooks, filters, configuration, submodules and links: they are bytes that nobody asks for, or not even that."""
    mark = tmp_path / "acted"
    mark.touch(mode=0o666)
    act = f"#!/bin/sh\necho acted >>{mark}\n"
    folder = server.add("hostile", {"a": "a", ".gitattributes": "* filter=act diff=act\n", "run.sh": act})
    for hook in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        (folder / "hooks").mkdir(exist_ok=True)
        (folder / "hooks" / hook).write_text(act)
        (folder / "hooks" / hook).chmod(0o755)
    (folder / "link").symlink_to("/etc/passwd")
    modules = f'[submodule "x"]\n\tpath = x\n\turl = {server.url("elsewhere")}\n'
    server.commit(
        "hostile", {".gitmodules": modules, "HEAD": "ref: refs/heads/x\n", "config": "[core]\nfsmonitor=touch x\n"}
    )
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    git(folder, "commit", "-q", "-m", "a submodule")
    async with fetcher.at(parse_address(server.url("hostile"))) as checkout:
        names = {blob.path for blob in checkout.listing.blobs}
        assert checkout.listing.left_out == 4, "the link, the submodule, .gitmodules and .gitattributes"
        assert (await checkout.read(checkout.listing.blobs))["run.sh"] == act.encode()
    assert {"a", "run.sh", "config", "HEAD"} <= names and "link" not in names and "x" not in names
    assert mark.read_text() == "" and not any("elsewhere" in path for path in server.asked)


async def test_another_address_is_not_followed(server: GitServer, fetcher: Git) -> None:
    server.add("secret", {"a": "a"})
    server.away["moved"] = "/secret"
    with pytest.raises(RepositoryError, match="answers with another address"):
        await read(fetcher, server.url("moved"))
    assert not any("secret" in path for path in server.asked)


async def test_a_name_is_resolved_once(server: GitServer, fetcher: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is told the address: this name has none that a name server could tell it."""
    server.add("pinned", {"a": "a"})

    async def pinned(*_: object) -> tuple[str, ...]:
        return ("127.0.0.1",)

    monkeypatch.setattr(room, "reachable", pinned)
    assert await read(fetcher, server.url("pinned").replace("localhost", "git.example")) == {"a": b"a"}


async def test_only_who_proves_it_is_believed(server: GitServer, tmp_path: Path) -> None:
    server.add("plain", {"a": "a"})
    stranger = Git(tmp_path / "git", server.settings.model_copy(update={"authorities": None}))
    with pytest.raises(RepositoryError, match="certificate"):
        await read(stranger, server.url("plain"))
    assert server.asked == []


async def test_what_is_not_there(server: GitServer, fetcher: Git) -> None:
    with pytest.raises(RepositoryError, match="no repository at this address"):
        await read(fetcher, server.url("nothing"))
    (server.root / "empty").mkdir()
    git(server.root / "empty", "init", "-q")
    with pytest.raises(RepositoryError, match="no such branch"):
        await read(fetcher, server.url("empty"))


async def test_more_than_is_fetched(server: GitServer, tmp_path: Path) -> None:
    noise = b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(1 << 15))
    server.add("large", {"noise": noise})
    server.add("scattered", {f"{at}": noise[at << 17 : (at + 1) << 17] for at in range(8)})
    small = Git(tmp_path / "git", server.settings.model_copy(update={"pack": 256 << 10}))
    for name in ("large", "scattered"):
        with pytest.raises(RepositoryError, match="larger than what is fetched"):
            await read(small, server.url(name))


async def test_more_than_is_read(server: GitServer, tmp_path: Path) -> None:
    """What is small on the way may be large when it is there."""
    server.add("bomb", {"zeros": bytes(4 << 20)})
    server.add("many", {f"{at}": "x" for at in range(20)})
    small = Git(tmp_path / "git", server.settings.model_copy(update={"size": 1 << 20, "files": 10}))
    for name in ("bomb", "many"):
        with pytest.raises(RepositoryError, match="more than 10 files, or more than 1 MiB"):
            await read(small, server.url(name))


async def test_who_never_answers_is_left(server: GitServer, tmp_path: Path) -> None:
    server.mute.add("mute")
    hasty = Git(tmp_path / "git", server.settings.model_copy(update={"patience": 2}))
    with pytest.raises(RepositoryError, match="longer than 2 seconds"):
        await read(hasty, server.url("mute"))
    assert list((tmp_path / "git").iterdir()) == []


@pytest.mark.root
async def test_git_has_no_rights_and_sees_nothing_of_ours(server: GitServer, fetcher: Git, tmp_path: Path) -> None:
    server.add("plain", {"a": "a"})
    (tmp_path / "data/git").mkdir(parents=True)
    (tmp_path / "data/owner.token").write_text("secret")
    look = "!id -u; id -G; grep -h -e CapEff -e NoNewPrivs /proc/self/status; ls -R /root /tmp /run /home; env"
    place = fetcher._make_place()
    told = (await fetcher.run(place, "look", settings={"alias.look": look})).decode()
    assert told.splitlines()[:2] == ["509990", "509990"]
    assert "CapEff:\t0000000000000000" in told and "NoNewPrivs:\t1" in told
    assert "secret" not in told and "owner.token" not in told and str(tmp_path) not in told
    assert "HOME=/mnt" in told and not any(name in told for name in ("_proxy", "SSH_", "LABYARD"))
    assert place.stat().st_uid == 509990
