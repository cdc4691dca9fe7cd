"""A lesson that is hard to draw: 30 tasks, words without end, code wider than the pane, pictures, text from right to left."""

from __future__ import annotations

from tests.e2e.fake_lessons import FakeLesson
from tests.e2e.fake_plays import FakePlay, lesson_play

TASKS = [f"verify_step_{number:02}" for number in range(1, 31)]
TITLE = "Was der Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte über Netzwerkadressübersetzung wissen muss"

_HEAD = """---
kind: challenge
title: Hard
difficulty: hard
createdAt: 2026-11-26
playground: {name: routing-lab}
tasks:
"""

_BODY = """---
# العنوان الأول: شبكات

هذه فقرة من اليمين إلى اليسار، وفيها أمر: `ip route add default via 10.0.0.1` ثم نص آخر.

# Code that is wider than the pane

```sh [/etc/systemd/system/a-very-long-name-of-a-unit-that-nobody-would-choose-but-somebody-has.service.d/override.conf]{2}
ip netns exec labyard-000000-000000000000000000000000 nft add rule inet filter forward iifname "eth0" oifname "eth1" accept
echo 01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
```

A path in a sentence: `/sys/devices/virtual/net/averylonginterfacename/statistics/rx_nohandler/and/so/on/to/the/end/of/it`.

| Column | Another column with a long head | 172.16.0.0/24 | A fourth | And a fifth one that nobody needs |
|---|---|---|---|---|
| `a` | text | text | text | `/sys/devices/virtual/net/averylonginterfacename` |

# A drawing

```mermaid
sequenceDiagram
  participant inside
  participant gateway
  participant world
  inside->>gateway: SYN from 10.0.0.2
  gateway->>world: SYN from 203.0.113.1
  world-->>gateway: SYN, ACK
  gateway-->>inside: SYN, ACK
  Note over inside,world: nobody outside has ever heard of 10.0.0.2
```

```mermaid
flowchart LR
  one -->
```

# A picture

::image-box{:src="__static__/picture.svg" :alt="A wide picture"}
Its caption.
::

::no-such-thing
What stands in an unknown component.
::

# Tasks

"""


def text() -> str:
    tasks = "".join(f'  {name}: {{machine: web-01, run: "true"}}\n' for name in TASKS)
    boxes = "".join(
        f"::simple-task\n---\n:tasks: tasks\n:name: {name}\n---\n#active\nStep {at}: do what has to be done.\n"
        f"#completed\nStep {at} is done.\n::\n\n"
        for at, name in enumerate(TASKS, 1)
    )
    return _HEAD + tasks + _BODY + boxes


def hard_lesson() -> FakeLesson:
    return FakeLesson("challenges", "hard", TITLE, text(), description=TITLE, difficulty="hard", status="attempted")


def hard_play() -> FakePlay:
    """Half of it done, one failed for good."""
    play = lesson_play("hard")
    play.title = TITLE
    plain = play.tasks.pop("verify_name")
    play.tasks.pop("verify_forwarding")
    for at, name in enumerate(TASKS):
        play.tasks[name] = {**plain, "name": name, "status": 40 if at < 15 else 30}
    why = "/etc/fstab was emptied: this machine will not boot again, and nothing can be checked on it any more."
    play.tasks[TASKS[20]] |= {"status": 35, "hint": why}
    return play
