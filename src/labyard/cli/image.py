"""`labyard image`: the root file systems on the server's box."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.stock import show, show_size
from labyard.cli.talk import Output, out, out_json, out_table, say

app = typer.Typer(name="image", help="Root file systems of machines.", no_args_is_help=True, rich_markup_mode=None)
Source = Annotated[str, typer.Argument(help="A recipe's name or oci://host/repository:tag.", metavar="SOURCE")]
_CHUNK = 1 << 20  # bytes of an upload read at once


@app.command("list", epilog=examples("labyard image list", "labyard image list -o json"))
def list_images(output: Format = Output.TABLE) -> None:
    """List the images that are here."""

    async def work(api: Api) -> None:
        images = await api.get("/api/images")
        if output is Output.JSON:
            out_json(images)
            return
        rows = [
            (
                str(image.get("source")),
                str(image.get("digest") or "").removeprefix("sha256:")[:12],
                show_size(image.get("size") or 0),
                str(image.get("created_at") or "")[:10],
                ", ".join(image.get("used_by") or ()),
            )
            for image in images
        ]
        out_table(("SOURCE", "DIGEST", "SIZE", "CREATED", "USED BY"), rows)

    run(work)


@app.command(
    "pull", epilog=examples("labyard image pull debian-12", "labyard image pull oci://quay.io/fedora/fedora:42")
)
def pull(source: Source) -> None:
    """Fetch or build an image now, so that no start has to wait for it."""

    async def work(api: Api) -> None:
        await show(api.lines("/api/images/pull", json={"source": source}))
        out(source)

    run(work)


@app.command("import", epilog=examples("docker save -o app.tar app && labyard image import app.tar --name app"))
def import_image(
    archive: Annotated[Path, typer.Argument(help="A `docker save` or OCI archive.", metavar="FILE")],
    name: Annotated[str | None, typer.Option("--name", help="Its name here; the file's by default.")] = None,
) -> None:
    """Take an image from an archive."""
    if not archive.is_file():
        raise UsageError(
            f"{archive} is no file", hint="make one with `docker save` or `skopeo copy ... oci-archive:FILE`"
        )
    known_as = name or archive.name.split(".")[0]

    async def work(api: Api) -> None:
        headers = {"Content-Length": str(archive.stat().st_size), "Content-Type": "application/x-tar"}
        await show(api.lines("/api/images/import", params={"name": known_as}, content=_bytes(archive), headers=headers))
        out(known_as)

    run(work)


async def _bytes(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            yield data


@app.command("remove", epilog=examples("labyard image remove debian-12-docker"))
def remove(source: Source) -> None:
    """Remove an image that no play uses."""

    async def work(api: Api) -> None:
        await api.delete("/api/images", source=source)
        out(source)

    run(work)


@app.command("gc", epilog=examples("labyard image gc"))
def gc() -> None:
    """Remove what no playground and no play needs."""

    async def work(api: Api) -> None:
        told = await api.post("/api/images/gc")
        say(f"Freed {show_size(int(told.get('freed') or 0))}.")

    run(work)
