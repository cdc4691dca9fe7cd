"""What fields alone cannot tell: how the parts of a manifest fit together, and what is beyond a limit. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from labyard.spec.addresses import allocate
from labyard.spec.audience import ROLES, is_word
from labyard.spec.check_machines import MACHINE_CHECKS
from labyard.spec.check_play import PLAY_CHECKS
from labyard.spec.counts import too_many
from labyard.spec.document import Loc, Node
from labyard.spec.findings import MOST, Finding, nearest
from labyard.spec.limits import Limits
from labyard.spec.model import Manifest
from labyard.spec.scene import Known, Scene


def examine(
    manifest: Manifest, *, limits: Limits, known: Known | None = None, original: Node | None = None
) -> tuple[Finding, ...]:
    """Everything wrong with a manifest whose fields are each right. `original`: the tree as written."""
    counts = tuple(islice(too_many(manifest, limits), MOST))
    texts = tuple(_texts(manifest, limits))
    if any(not finding.warning for finding in counts):
        return (*texts, *counts)
    scene = Scene.of(manifest, limits=limits, known=known or Known(), original=original)
    checks = (_access, *MACHINE_CHECKS, *PLAY_CHECKS)
    found = tuple(islice((finding for check in checks for finding in check(scene)), MOST))
    return (
        *texts,
        *counts,
        *found,
        *allocate(manifest.networks, manifest.playground.machines, scene.network_names).findings,
    )


def _texts(manifest: Manifest, limits: Limits) -> Iterator[Finding]:
    if len(manifest.title) < limits.title_least:
        yield Finding(loc=("title",), message=f"a title needs at least {limits.title_least} characters")
    for name in ("title", "description", "markdown"):
        text, most = getattr(manifest, name) or "", getattr(limits, name)
        if len(text) > most:
            yield Finding(loc=(name,), message=f"`{name}` has {len(text)} characters, {most} are allowed")


def _access(scene: Scene) -> Iterator[Finding]:
    spec = scene.manifest.playground
    if spec.access is not None:
        loc: Loc = ("playground", "access")
        ignored = spec.access_control is not None
        words = (
            "`access` is ignored beside `accessControl`"
            if ignored
            else "`access` is an old spelling of `accessControl`"
        )
        yield Finding(loc=loc, message=words, warning=True, key=True)
    if spec.access_control is None:
        return
    control = spec.access_control
    for key, roles in (("canList", control.can_list), ("canRead", control.can_read), ("canStart", control.can_start)):
        for index, role in enumerate(roles):
            if not is_word(role):
                loc = ("playground", "accessControl", key, index)
                yield Finding(loc=loc, message=f"`{role}` is nobody known", hint=nearest(role, (*ROLES, "user:NAME")))
