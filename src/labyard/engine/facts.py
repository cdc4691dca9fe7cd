"""What one needs to know of a machine at three in the night."""

from __future__ import annotations

from labyard.play.plan import Value


class MachineFacts(Value):
    """`command` starts it, `enter` enters its play's world; both can be pasted. `console` is the tail of its serial console.

    `limits`: the control group that it runs in, or why there is none.
    """

    name: str
    command: str
    enter: str
    console: str
    pid: int | None
    limits: str = ""
