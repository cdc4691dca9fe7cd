"""What happens to a machine, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from qemu.qmp import Message

from labyard.play.plan import Value


class EventKind(StrEnum):
    RESET = "reset"  # it starts anew in place: a reboot from inside, a panic, or `reset`
    SHUTDOWN = "shutdown"  # it powered itself off; GONE follows
    REBOOT = "reboot"  # it was made of a snapshot and is to be launched anew; GONE follows
    STOP = "stop"  # its processors stand still
    RESUME = "resume"
    IO_ERROR = "io-error"  # a disk cannot be written (`reason` "nospace": it stands still until `resume`)
    LINK = "link"  # the guest opened or closed (`reason`) its end of the guest link
    GONE = "gone"  # the process has ended, nothing follows


class MachineEvent(Value):
    """What happened. `guest`: caused from inside. `reason`: QEMU's own word for it."""

    kind: EventKind
    guest: bool = False
    reason: str = ""


def understand(message: Message) -> MachineEvent | None:
    """QEMU's events (qapi/run-state.json, block-core.json, char.json) in our words; None for those nobody needs."""
    data = message.get("data")
    data = data if isinstance(data, Mapping) else {}
    guest, reason = data.get("guest") is True, str(data.get("reason", ""))
    match message.get("event"):
        case "RESET":
            return MachineEvent(kind=EventKind.RESET, guest=guest, reason=reason)
        case "SHUTDOWN" if reason in ("guest-reset", "host-qmp-system-reset"):
            return MachineEvent(kind=EventKind.REBOOT, guest=guest, reason=reason)
        case "SHUTDOWN" if guest:
            return MachineEvent(kind=EventKind.SHUTDOWN, guest=True, reason=reason)
        case "STOP":
            return MachineEvent(kind=EventKind.STOP)
        case "RESUME":
            return MachineEvent(kind=EventKind.RESUME)
        case "BLOCK_IO_ERROR":
            return MachineEvent(
                kind=EventKind.IO_ERROR, guest=True, reason="nospace" if data.get("nospace") else "error"
            )
        case "VSERPORT_CHANGE":
            return MachineEvent(kind=EventKind.LINK, guest=True, reason="open" if data.get("open") else "closed")
        case _:
            return None
