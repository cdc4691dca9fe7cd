"""How every cookie of ours is set: no script reads it, no other site's form brings it."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response


def give_cookie(response: Response, name: str, value: str, life: timedelta, *, secure: bool) -> None:
    """For one host (no `Domain`) and all its paths, as the `__Host-` prefix asks for."""
    response.set_cookie(
        name, value, max_age=int(life.total_seconds()), path="/", httponly=True, samesite="lax", secure=secure
    )
