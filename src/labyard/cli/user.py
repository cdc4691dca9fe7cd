"""`labyard user`: people with an account."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.secret import new_password
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
        rows = [
            (user["handle"], user["name"], user["email"], user["role"], "shut out" if user["disabled"] else "")
            for user in users
        ]
        out_table(("USER", "NAME", "E-MAIL", "ROLE", ""), rows)

    run(work)


@app.command("add", epilog=examples("labyard user add ada", "labyard user add ada --name 'Ada L.' --role author"))
def add(
    user: Handle,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    role: Annotated[str, typer.Option(help="learner, author, instructor or admin.")] = "learner",
    email: Annotated[str, typer.Option(help="Where mail reaches them.", metavar="ADDRESS")] = "",
) -> None:
    """Make an account, and print a link that lets one browser in as them, once."""

    async def work(api: Api) -> None:
        await api.post("/api/users", {"handle": user, "name": name, "role": role, "email": email})
        await _print_link(api, user)

    run(work)


@app.command("link", epilog=examples("labyard user link ada"))
def link(user: Handle) -> None:
    """Print a fresh link that lets one browser in as them, once."""
    run(lambda api: _print_link(api, user))


@app.command("role", epilog=examples("labyard user role ada author"))
def role(user: Handle, role: RoleWord) -> None:
    """Change what somebody may do."""
    run(lambda api: _change(api, user, {"role": role}))


@app.command("email", epilog=examples("labyard user email ada ada@example.org", "labyard user email ada ''"))
def email(
    user: Handle, address: Annotated[str, typer.Argument(help="Empty: none any more.", metavar="ADDRESS")]
) -> None:
    """Say where mail reaches somebody: they can then ask for a new password themselves."""
    run(lambda api: _change(api, user, {"email": address}))


@app.command(
    "password",
    epilog=examples(
        "labyard user password ada", "labyard user password ada --stdin < file", "labyard user password ada --link"
    ),
)
def password(
    user: Handle,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it from there, one line.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print a link by which they choose it themselves.")] = False,
    output: Format = Output.TABLE,
) -> None:
    """Set somebody's password: they are signed out everywhere; tokens stay. It is asked for twice."""

    async def by_link(api: Api) -> None:
        made = await api.post(f"{_path(user)}/password-links")
        if output is Output.JSON:
            out_json(made)
            return
        say(f"Good once, within half an hour: {user} chooses a password there.")
        out(str(made["url"]))

    async def by_word(api: Api) -> None:
        answer = await api.post(f"{_path(user)}/password", {"password": chosen})
        if output is Output.JSON:
            out_json(answer)
        say(f"{user} has a new password.")

    if link:
        run(by_link)
        return
    chosen = new_password(stdin=stdin)
    run(by_word)


@app.command(
    "invite",
    epilog=examples(
        "labyard user invite",
        "labyard user invite --role author --days 30 --uses 20",
        "labyard user invite --email ada@example.org --send",
    ),
)
def invite(
    role: Annotated[str, typer.Option(help="learner, author, instructor or admin.")] = "learner",
    days: Annotated[int, typer.Option(min=1, help="How long it is good.")] = 7,
    uses: Annotated[int, typer.Option(min=1, help="How many accounts may be made by it.")] = 1,
    email: Annotated[str, typer.Option(help="For whom; becomes their address here.", metavar="ADDRESS")] = "",
    send: Annotated[bool, typer.Option("--send", help="Write to them (takes `smtp_url`).")] = False,
    output: Format = Output.TABLE,
) -> None:
    """Print a link by which somebody makes an account: they choose name and password themselves."""

    async def work(api: Api) -> None:
        wish = {"role": role, "days": days, "uses": uses, "email": email, "send": send}
        made = await api.post("/api/invitations", wish)
        if output is Output.JSON:
            out_json(made)
            return
        say(f"Sent to {made['email']}." if made["sent"] else f"Good until {made['expiresAt'][:10]}; not shown again:")
        out(str(made["url"]))

    run(work)


@app.command("invitations", epilog=examples("labyard user invitations", "labyard user invitations -o json"))
def invitations(output: Format = Output.TABLE) -> None:
    """List invitations that are still good."""

    async def work(api: Api) -> None:
        known = await api.get("/api/invitations")
        if output is Output.JSON:
            out_json(known)
            return
        rows = [
            (
                each["id"],
                each["role"],
                each["email"] or "whoever has the link",
                str(each["uses"]),
                each["expiresAt"][:10],
            )
            for each in known
        ]
        out_table(("ID", "ROLE", "FOR", "USES LEFT", "ENDS"), rows)

    run(work)


@app.command("uninvite", epilog=examples("labyard user uninvite 65f0..."))
def uninvite(invitation: Annotated[str, typer.Argument(help="As `user invitations` shows it.", metavar="ID")]) -> None:
    """End an invitation. Accounts that were made by it stay."""

    async def work(api: Api) -> None:
        await api.delete(f"/api/invitations/{quote(invitation, safe='')}")

    run(work)


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


async def _print_link(api: Api, user: str) -> None:
    url = (await api.post(f"{_path(user)}/signin-links"))["url"]
    say(f"Good for one browser, once, within a quarter of an hour. `labyard user link {user}` makes another:")
    out(str(url))


async def _change(api: Api, user: str, change: dict[str, Any]) -> None:
    row = await api.patch(_path(user), change)
    say(f"{row['handle']}: {row['role']}{', shut out' if row['disabled'] else ''}")


def _path(user: str) -> str:
    return f"/api/users/{quote(user, safe='')}"
