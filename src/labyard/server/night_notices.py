"""What of the bots' last round somebody should look at. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from labyard.bots.results import Round
from labyard.control.attention import Notice

LATE: Final = timedelta(days=2)
_NAMED: Final = 5
_WHERE: Final = "The page of the bots says of each what went wrong."


def notices(newest: Round | None, now: datetime, *, nightly: bool) -> list[Notice]:
    """`nightly`: rounds are played every night, as far as the settings go."""
    if newest is None:
        return []
    found = []
    red = list(dict.fromkeys(f"{each.kind} {each.name}" for each in newest.outcomes if each.result.red))
    if red:
        more = f" and {len(red) - _NAMED} more" if len(red) > _NAMED else ""
        text = f"Bots could not do {len(red)} of what they tried last: {', '.join(red[:_NAMED])}{more}."
        found.append(Notice(code="bots-red", text=text, hint=_WHERE, about="status"))
    if not newest.complete:
        text = "The bots' last round was cut before its end."
        found.append(Notice(code="bots-cut", text=text, hint=_WHERE, about="status", grave=False))
    if nightly and now - newest.finished > LATE:
        text = f"The bots' last round is of {newest.finished:%B %d}; there should be one every night."
        hint = "The server's log says why: a round was cut, or could not be played."
        found.append(Notice(code="bots-late", text=text, hint=hint, about="status", grave=False))
    return found
