"""`labyard user`: people with an account."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import Output, out, out_json, out_table, say

app = typer.Typer(
    name="user", help="People with an account on this server.", no_args_is_help=True, rich_markup_mode=None
)

Handle = Annotated[str, typer.Argument(help="What they are called here: ada, or team-7.", metavar="USER")]
RoleWord = Annotated[str, typer.Argument(help="learner, author, instructor or admin.", metavar="ROLE")]


@app.command("list", epilog=examples("labyard user list", "labyard user list -o json"))
def list_users(output: Format = Output.TABLE) -> None:
    """List everybody with an account."""

    async def work(api: Api) -> None:
        users = await api.get("/api/users")
        if output is Output.JSON:
            out_json(users)
            return
        rows = [(user["handle"], user["name"], user["role"], "shut out" if user["disabled"] else "") for user in users]
        out_table(("USER", "NAME", "ROLE", ""), rows)

    run(work)


@app.command("add", epilog=examples("labyard user add ada", "labyard user add ada --name 'Ada L.' --role author"))
def add(
    user: Handle,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    role: Annotated[str, typer.Option(help="learner, author, instructor or admin.")] = "learner",
) -> None:
    """Make an account, and print a link that lets one browser in as them, once."""

    async def work(api: Api) -> None:
        await api.post("/api/users", {"handle": user, "name": name, "role": role})
        await _invite(api, user)

    run(work)


@app.command("link", epilog=examples("labyard user link ada"))
def link(user: Handle) -> None:
    """Print a fresh link that lets one browser in as them, once."""
    run(lambda api: _invite(api, user))


@app.command("role", epilog=examples("labyard user role ada author"))
def role(user: Handle, role: RoleWord) -> None:
    """Change what somebody may do."""
    run(lambda api: _change(api, user, {"role": role}))


@app.command("disable", epilog=examples("labyard user disable ada"))
def disable(user: Handle) -> None:
    """Shut somebody out: they are signed out everywhere, and their tokens are forgotten. What is theirs stays."""
    run(lambda api: _change(api, user, {"disabled": True}))


@app.command("enable", epilog=examples("labyard user enable ada"))
def enable(user: Handle) -> None:
    """Let somebody in again."""
    run(lambda api: _change(api, user, {"disabled": False}))


@app.command("remove", epilog=examples("labyard user remove ada"))
def remove(user: Handle) -> None:
    """Remove somebody, with their plays and their progress."""

    async def work(api: Api) -> None:
        ended = (await api.delete(_path(user)))["ended"]
        say(f"{user} is removed." if not ended else f"{user} is removed; plays that end: {ended}.")

    run(work)


async def _invite(api: Api, user: str) -> None:
    url = (await api.post(f"{_path(user)}/signin-links"))["url"]
    say(f"Good for one browser, once, within a quarter of an hour. `labyard user link {user}` makes another:")
    out(str(url))


async def _change(api: Api, user: str, change: dict[str, Any]) -> None:
    row = await api.patch(_path(user), change)
    say(f"{row['handle']}: {row['role']}{', shut out' if row['disabled'] else ''}")


def _path(user: str) -> str:
    return f"/api/users/{quote(user, safe='')}"
