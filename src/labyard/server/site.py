"""The pages' files. Which page an address means is decided in the browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from labyard.content.library import PLURALS
from labyard.server import problems
from labyard.server.asker import who
from labyard.server.forms import coded, small_page
from labyard.server.front_door import sign_in_page

_PAGES = (
    *("/lessons", "/progress", "/start/{place:path}"),
    *("/", "/account", "/plays", "/plays/{play_id}", "/playgrounds", "/playgrounds/{name}"),
    *("/admin", "/admin/{section}", "/admin/{section}/{name}"),
    *(f"/{plural}" for plural in PLURALS),
    *(f"/{plural}/{{name}}" for plural in PLURALS),
)


def plain_page(title: str, text: str, hint: str) -> str:
    """A small page without script, for who has no session. Words in backquotes become code."""
    return small_page(title, "\n".join(f"<p>{coded(words)}</p>" for words in (text, hint) if words))


_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="124" height="20" role="img" aria-label="Start in Labyard">
<rect width="124" height="20" rx="4" fill="#1756a9"/><path d="M10 6l6 4-6 4z" fill="#fff"/>
<text x="22" y="14" fill="#fff" font-family="Verdana,sans-serif" font-size="11" textLength="94">Start in Labyard</text>
</svg>
"""


def _badge() -> Response:
    """For READMEs elsewhere: everybody may show it."""
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(_BADGE, media_type="image/svg+xml", headers=headers)


def mount(app: FastAPI, pages: Path | None) -> None:
    """Serve the built pages in `pages`: `index.html`, and `assets/` whose names change with their content."""
    router = APIRouter(include_in_schema=False)
    for path in _PAGES:
        router.add_api_route(path, _page(pages), methods=["GET"])
    router.add_api_route("/badge.svg", _badge, methods=["GET"])
    app.include_router(router)
    nothing = _page(pages, status=404)

    async def on_missing(request: Request, error: Exception) -> Response:
        """To a browser the page that says so; JSON to all others, and for everything below `/api/`."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        path = request.url.path
        reads = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        if error.status_code == 404 and reads and not path.startswith(("/api/", "/assets/")):
            return await nothing(request)
        return await problems.on_http(request, error)

    app.add_exception_handler(HTTPException, on_missing)
    if pages is not None and (pages / "assets").is_dir():
        app.mount("/assets", _Assets(directory=pages / "assets"), name="assets")


def _page(pages: Path | None, *, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        if await who(request) is None:
            return sign_in_page(request)
        if pages is None or not (pages / "index.html").is_file():
            text = "This installation of Labyard came without its pages; the API and the CLI work."
            return HTMLResponse(plain_page("No pages here", text, "`make setup` builds them."), status)
        return FileResponse(pages / "index.html", status, headers={"Cache-Control": "no-cache"})

    return page


class _Assets(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
