"""The lesson most tests read, as its author writes it."""

from __future__ import annotations

LESSON = """---
kind: challenge
title: Let the inside out
createdAt: 2026-11-26
difficulty: easy
playground: {name: routing-lab}
tasks:
  prepare: {init: true, machine: web-01, run: "true"}
  verify_forwarding: {machine: web-01, run: "true"}
  verify_name: {machine: db-01, run: "true"}
tutorials: {a-tour-of-nat: {}}
---
`db-01` sits on a **private** network. Let it reach the outside through :tab{text="web-01" machine="web-01"},
or open :tab{text="one more terminal" machine="db-01" new=true}. Its page:
:http-port{text="port 8080" port=8080 machine="web-01"}.

You will also [say its name](#say-its-name).

## Forward packets

```sh [on web-01]{2}
sysctl net.ipv4.ip_forward
sysctl -w net.ipv4.ip_forward=1   # until the next boot
```

```console
$ ip route
default via 10.0.1.1 dev eth0
```

::simple-task
---
:tasks: tasks
:name: verify_forwarding
---
#active
Waiting until `web-01` forwards packets.

#completed
Forwarding is on.
::

::hint-box{summary="Where is the switch?"}
Look below `/proc/sys/net/ipv4`.
::

> [!WARNING]
> A rule that drops everything drops your terminal as well.

| Machine | Network |
|---|---|
| `web-01` | frontend, backend |
| `db-01` | backend |

## Say its name

::user-input-task
---
:tasks: tasks
:name: verify_name
:validateRegex: '^[a-z0-9-]+$'
---
#active
What does `web-01` call its own gateway?

#completed
Right.
::

::tabbed
---
tabs:
  - {name: nft, title: With nft}
  - {name: iptables, title: With iptables}
---
#nft
`nft list ruleset`

#iptables
`iptables -S`
::

::card{:tutorial="tutorials.a-tour-of-nat"}
::

::slides
An unknown component.
::
"""

SOLUTION = """---
title: The switch, and the name
---
The kernel forwards once it is told to, on :tab{text="web-01" machine="web-01"}:

```sh [on web-01]
sysctl -w net.ipv4.ip_forward=1
```

## And for good

::details-box{summary="After a reboot it is off again"}
Put the line into a file below `/etc/sysctl.d`.
::
"""
