"""How long bots wait for what. Seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """`start`: until a play is ready, its wait for room included. `work`: from then to the last green task.

    `answer`: a program that only prints a word. `back`: a machine that reboots. `leave`: until it is seen to have begun to.
    `grace`: how long a machine may refuse programs, as one does whose server was just restarted.
    `end`: until a play is gone. `keep`: for consoles and diary. `pause`: between two tries of a chunk.
    """

    start: float = 900.0
    work: float = 300.0
    answer: float = 60.0
    back: float = 180.0
    leave: float = 30.0
    grace: float = 30.0
    last_words: float = 3.0
    keep: float = 30.0
    end: float = 120.0
    pause: float = 2.0
    look_every: float = 1.0
    note_every: float = 15.0


def usual(*, emulated: bool) -> Limits:
    """Emulated machines take minutes for what authors allow a solution seconds for: it gets twice the time."""
    limits = Limits()
    return replace(limits, work=2 * limits.work) if emulated else limits
