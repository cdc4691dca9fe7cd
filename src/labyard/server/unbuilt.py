"""Routes of the labctl contract that are promised and not built. They say so, rather than making something up."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from labyard.errors import NotBuiltError
from labyard.server.asker import Asker

_CHANGED_BY_PUSH = ("courses", "roadmaps", "skill-paths", "trainings")
_OTHER_KINDS = ("vendors", "blog-posts")

NOT_BUILT: tuple[tuple[str, str], ...] = (
    ("POST", "/sessions"),
    ("GET", "/sessions/{session_id}"),
    ("DELETE", "/sessions/{session_id}"),
    ("POST", "/auth/signin-url"),
    ("PATCH", "/account/preferences"),
    ("POST", "/playgrounds"),
    ("PUT", "/playgrounds/{name}"),
    ("POST", "/plays/{play_id}/journals"),
    ("POST", "/plays/{play_id}/tunnels"),
    ("GET", "/plays/{play_id}/shells"),
    ("POST", "/plays/{play_id}/shells"),
    ("DELETE", "/plays/{play_id}/shells/{shell_id}"),
    ("GET", "/plays/{play_id}/port-forwards"),
    ("POST", "/plays/{play_id}/port-forwards"),
    ("DELETE", "/plays/{play_id}/port-forwards/{place}"),
    *((method, f"/{kind}") for kind in _OTHER_KINDS for method in ("GET", "POST")),
    *((method, f"/{kind}/{{name}}") for kind in _OTHER_KINDS for method in ("GET", "DELETE")),
    *(("PATCH", f"/{kind}/{{name}}") for kind in (*_CHANGED_BY_PUSH, *_OTHER_KINDS)),
    ("POST", "/authors"),
)


async def _not_built(_person: Asker) -> Any:
    raise NotBuiltError("this part of Labyard is not built yet", hint="docs/develop/http.md says what is")


router = APIRouter(prefix="/api", include_in_schema=False)
for _method, _path in NOT_BUILT:
    router.add_api_route(_path, _not_built, methods=[_method])
