"""What operators are told, as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from labyard.control.operating import LISTED, Box, Costly
from labyard.errors import LabyardError
from labyard.hosts.contract import Load
from labyard.server import problems
from labyard.server.shapes import Json, moment
from labyard.store.diary import DiaryEntry


def box(known: Box, *, version: str, sockets: int) -> Json:
    load = known.load
    return {
        "version": version,
        "capacity": known.capacity.model_dump(mode="json"),
        "load": {
            "at": load.at,
            "machines": sum(play.machines for play in load.plays),
            "memory": sum(play.memory or 0 for play in load.plays),
            "cpuSeconds": sum(play.cpu_seconds for play in load.plays),
            "average": load.load_average,
            "waiting": load.waiting,
            "waitingMemory": load.waiting_memory,
        },
        "plays": {state.value: count for state, count in known.states.items()},
        "queued": known.waiting,
        "sockets": sockets,
        "notices": [asdict(notice) for notice in known.notices],
    }


def plays(load: Load, found: Sequence[Costly]) -> Json:
    """`at`: when costs were measured; processor time of two answers makes a share."""
    return {"at": load.at, "plays": [_play(each) for each in found], "cut": len(found) >= LISTED}


def _play(known: Costly) -> Json:
    play, cost = known.play, known.cost
    return {
        "id": play.id,
        "title": play.title,
        "playground": play.playground,
        "lesson": play.lesson,
        "owner": play.owner,
        "handle": known.handle,
        "bot": play.bot,
        "state": play.state.value,
        "reason": None if play.reason is None else play.reason.value,
        "message": "" if play.reason is None else f"{play.reason.sentence} {play.detail}".strip(),
        "createdAt": moment(play.created_at),
        "stateAt": moment(play.state_at),
        "expiresAt": "" if play.expires_at is None else moment(play.expires_at),
        "persistent": play.persistent,
        "machines": 0 if cost is None else cost.machines,
        "promised": 0 if cost is None else cost.promised,
        "memory": None if cost is None else cost.memory,
        "cpuSeconds": 0.0 if cost is None else cost.cpu_seconds,
        "disk": known.disk,
    }


def ended(play_id: str, error: LabyardError | None) -> Json:
    return {"id": play_id, "error": None if error is None else problems.shape(error)["error"]}


def diary_entry(entry: DiaryEntry, handle: str) -> Json:
    """`who`: the handle of who asked; empty for Labyard itself, and for who has no account any more (`asked` tells)."""
    return {
        "at": moment(entry.at),
        "kind": entry.kind.value,
        "what": entry.what,
        "who": handle,
        "reason": entry.reason or None,
        "detail": entry.detail,
    }
