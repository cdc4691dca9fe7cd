"""What is told of solutions: to whom they are named, and what there is to read."""

from __future__ import annotations

from typing import Any

import httpx
from tests.unit.server.conftest import House
from tests.unit.server.test_people import others, token_of

__all__ = ["others"]


async def test_solutions_are_named_where_they_can_be_read(house: House, others: httpx.AsyncClient) -> None:
    """What is named is there: who only reads hears nothing of what has only a script, and whose rule says no, nothing."""
    ada = await token_of(house, "ada")

    async def named(address: str, headers: dict[str, str]) -> Any:
        told = (await others.get(address, headers=headers)).json()
        if "courses" in address:
            told = told["modules"][0]["lessons"][0]
        return told["solutions"]

    (house.content / "courses/nodes/010.first/010.one/solution.md").write_text("Like this.\n")
    owner = {"Authorization": house.http.headers["Authorization"]}
    one, course = "/api/challenges/two-nodes", "/api/courses/nodes"
    assert await named(one, owner) == ["solution", "solution-02"] and await named(one, ada) == ["solution"]
    (read,) = (await others.get(f"{one}/solutions", headers=ada)).json()
    assert read["name"] == "solution" and read["script"] is None
    assert await named(course, owner) == await named(course, ada) == ["solution"]
    (first, second) = (await others.get(course, headers=owner)).json()["modules"][0]["lessons"]
    assert (first["solutions"], second["solutions"]) == (["solution"], [])
    (found,) = (await others.get(f"{course}/solutions", params={"path": "first/one"}, headers=ada)).json()
    assert found["title"] == "" and "Like this." in found["html"]
    for kinds, name in (("challenges", "two-nodes"), ("courses", "nodes")):
        rule = {"canReadSolution": ["owner"]}
        assert (await others.patch(f"/api/access/{kinds}/{name}", json=rule, headers=owner)).status_code == 200
    for address in (one, course):
        assert await named(address, ada) == [] and await named(address, owner) != []
        refused = await others.get(f"{address}/solutions", headers=ada)
        assert refused.status_code == 403 and "not read its solutions" in refused.json()["error"]["message"]


async def test_what_a_change_answers_names_them_too(house: House, others: httpx.AsyncClient) -> None:
    """Pages go on with that answer."""
    (house.content / "courses/nodes/010.first/020.two/solution.md").write_text("Like this.\n")
    (house.content / "tutorials/agreeing/solution.md").write_text("Like this.\n")
    ada = await token_of(house, "ada")
    body = {"modules": {"first": {"lessons": {"two": {"completed": True}}}}}
    course = (await others.patch("/api/courses/nodes/learning", json=body, headers=ada)).json()
    assert course["modules"][0]["lessons"][1]["solutions"] == ["solution"]
    done = (await others.patch("/api/tutorials/agreeing", json={"completed": True}, headers=ada)).json()
    assert done["status"] == "completed" and done["solutions"] == ["solution"]
