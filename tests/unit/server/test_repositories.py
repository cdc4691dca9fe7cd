"""From a Git repository to a play of one's own, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.git_server import GitServer, git_server
from tests.support.lessons import ARTICLE, COURSE, LESSON, MODULE, TWO_NODES
from tests.unit.server.conftest import DEMO, House
from tests.unit.server.test_lessons import get
from tests.unit.server.test_people import token_of
from tests.unit.server.test_plays import until

from labyard.control.access import OWNER
from labyard.control.bounds import FETCHED
from labyard.repositories.git import Git

PLAYGROUND = DEMO.replace("name: demo", "name: from-git").replace(
    "playground:\n",
    "playground:\n  startupFiles: [{path: /etc/motd, source: __static__/motd}]\n"
    "  initConditions: {values: [{key: Word, options: [one, two], default: one}]}\n",
)
LAB = {
    "README.md": "Labs.\n",
    "lan/manifest.yaml": PLAYGROUND,
    "lan/__static__/motd": "Hello from Git.\n",
    "lan/other.yaml": DEMO.replace("name: demo", "name: other"),
    "two-nodes/index.md": TWO_NODES,
    "two-nodes/solution.md": "Do it.\n",
    "two-nodes/__static__/a.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "article/index.md": ARTICLE,
    "course/index.md": COURSE,
    "course/010.first/0.index.md": MODULE,
    "course/010.first/010.one/index.md": LESSON,
    "broken/manifest.yaml": "kind: playground\nname: broken\nplayground: {machinez: []}\n",
    "unit/index.md": "---\nkind: unit\ntitle: Only a part of it\n---\n",
    "nothing/notes.txt": "x",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    with git_server(tmp_path / "served") as running:
        running.add("lab", LAB)
        yield running


@pytest.fixture
async def there(house: House, server: GitServer, tmp_path: Path) -> AsyncIterator[House]:
    """The house, that may reach the server."""
    house.services.repositories.git = Git(tmp_path / "git", server.settings)
    yield house


async def look(house: House, url: str, **headers: str) -> httpx.Response:
    return await house.http.post("/api/git", json={"url": url}, headers=headers)


async def found(house: House, url: str) -> Any:
    answer = await look(house, url)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_playground(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab") + "#main:lan")
    assert (told["kind"], told["name"], told["canStart"], told["problems"]) == ("playground", "from-git", True, [])
    assert [each["name"] for each in told["machines"]] == ["node-01", "node-02"] and len(told["commit"]) == 40
    assert told["initConditions"]["values"][0]["key"] == "Word"
    address = f"/api/git/{told['id']}/plays"
    refused = await there.http.post(address, json={"initConditions": {"Word": "three"}})
    assert refused.status_code == 422 and refused.json()["error"]["problems"][0]["file"] == "parameters"
    play = (await there.http.post(address, json={"initConditions": {"Word": "two"}})).json()
    assert play["playground"]["name"] == "from-git" and play["challengeName"] == ""
    row = (await there.services.plays.get(OWNER, play["id"])).row
    assert "Hello from Git." in row.plan.model_dump_json() and "#main:lan" in row.manifest_name
    assert [each["name"] for each in await get(there, "/api/playgrounds")] == ["broken", "demo"]


async def test_another_manifest_by_its_path(there: House, server: GitServer) -> None:
    assert (await found(there, server.url("lab") + "#:lan/other.yaml"))["name"] == "other"


async def test_a_lesson_is_a_preview_of_ones_own(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab") + "#:two-nodes")
    assert (told["kind"], told["title"], told["canStart"]) == ("challenge", "Two nodes that agree", True)
    name = told["path"].rpartition("/")[2]
    assert name.startswith(FETCHED) and (await found(there, server.url("lab") + "#:two-nodes"))["path"] == told["path"]
    play = (await there.http.post(f"/api/git/{told['id']}/plays", json={})).json()
    assert play["challengeName"] == name
    again = (await there.http.post(f"/api/git/{told['id']}/plays", json={})).json()
    assert again["id"] == play["id"], "it goes on"
    page = await get(there, f"/api/challenges/{name}/page")
    assert "Say hello." in page["html"]
    assert [each["name"] for each in await get(there, "/api/challenges")] == ["broken", "two-nodes"]
    assert (await get(there, "/api/progress"))["recent"] == []


async def test_it_stays_while_somebody_plays_it(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab") + "#:two-nodes")
    unused = await found(there, server.url("lab") + "#:article")
    play = (await there.http.post(f"/api/git/{told['id']}/plays", json={})).json()
    authoring, previews = there.services.authoring, there.services.previews
    await previews.sweep()
    assert len(authoring.previews.names("challenges")) == len(authoring.previews.names("tutorials")) == 1
    authoring.bounds = authoring.bounds.model_copy(update={"fetched_lease": -1})
    await previews.sweep()
    assert len(authoring.previews.names("challenges")) == 1 and authoring.previews.names("tutorials") == []
    assert (await there.http.get(f"/api{unused['path']}")).status_code == 404
    await there.http.post(f"/api/plays/{play['id']}/actions", json={"action": "destroy"})
    await until(there, play["id"], "DESTROYED")
    await previews.sweep()
    assert authoring.previews.names("challenges") == []


async def test_a_course_is_opened_not_started(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab") + "#:course")
    assert (told["kind"], told["canStart"]) == ("course", False) and told["path"].startswith("/courses/preview-git-")
    answer = await there.http.post(f"/api/git/{told['id']}/plays", json={})
    assert answer.status_code == 409
    assert (await get(there, f"/api{told['path']}"))["modules"][0]["lessons"][0]["name"] == "one"


async def test_a_repository_of_several_offers_them(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab"))
    assert told["kind"] == "" and not told["canStart"]
    places = [each["folder"] for each in told["choices"]]
    assert places == ["article", "broken", "course", "lan", "two-nodes", "unit"]
    assert told["choices"][3]["url"] == server.url("lab") + ":lan"
    assert (await found(there, told["choices"][3]["url"]))["name"] == "from-git"


async def test_what_cannot_be_used_is_said(there: House, server: GitServer) -> None:
    told = await found(there, server.url("lab") + "#:broken")
    assert not told["canStart"] and "unknown key `machinez`" in "".join(told["problems"])
    assert (await there.http.post(f"/api/git/{told['id']}/plays", json={})).status_code == 422
    for folder, words in (("unit", "no lesson by itself"), ("nothing", "neither a lesson"), ("absent", "no folder")):
        answer = await look(there, f"{server.url('lab')}#:{folder}")
        assert answer.status_code == 422 and answer.json()["error"]["code"] == "repository", answer.text
        assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "file:///etc", "https://127.0.0.1/a", "https://localhost:1/a", ""]
)
async def test_where_nobody_goes(house: House, url: str) -> None:
    answer = await look(house, url)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "repository"


async def test_for_whom_it_is(there: House, server: GitServer) -> None:
    learner, author = await token_of(there, "ada"), await token_of(there, "bob", "author")
    url = server.url("lab") + "#:lan"
    assert (await look(there, url, **learner)).status_code == 403
    told = (await look(there, url, **author)).json()
    address = f"/api/git/{told['id']}/plays"
    assert (await there.http.post(address, json={}, headers=learner)).status_code == 403
    assert (await there.http.post(address, json={})).status_code == 404, "another's"
    git = there.services.repositories.git
    git.settings = git.settings.model_copy(update={"for_everybody": True})
    assert (await there.http.post(address, json={}, headers=learner)).status_code == 404
    told = (await look(there, url, **learner)).json()
    assert (await there.http.post(f"/api/git/{told['id']}/plays", json={}, headers=learner)).status_code == 200


async def test_it_is_kept_for_an_hour(there: House, server: GitServer) -> None:
    repositories = there.services.repositories
    told = await found(there, server.url("lab") + "#:lan")
    now = repositories._clock()
    repositories._clock = lambda: now + timedelta(hours=2)
    assert (await there.http.post(f"/api/git/{told['id']}/plays", json={})).status_code == 404


async def test_so_many_an_hour(there: House) -> None:
    for _ in range(30):
        assert (await look(there, "https://127.0.0.1/a")).json()["error"]["code"] == "repository"
    answer = await look(there, "https://127.0.0.1/a")
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "too-many"
    author = await token_of(there, "bob", "author")
    assert (await look(there, "https://127.0.0.1/a", **author)).json()["error"]["code"] == "repository"
