"""Lessons for tests of control, server and CLI: small ones of each kind, played in the playground `demo`."""

from __future__ import annotations

from pathlib import Path

TWO_NODES = """---
kind: challenge
title: Two nodes that agree
description: Make both nodes say the same.
difficulty: easy
categories: [linux]
tagz: [beginners]
createdAt: 2026-01-02
playground:
  name: demo
tasks:
  init_files: {machine: node-01, init: true, needs: [init_a], run: "true"}
  init_more: {machine: node-02, init: true, run: "true"}
  keep_going: {machine: node-01, helper: true, run: sleep 1}
  check_one: {machine: node-01, run: "true", hintcheck: echo "look at node-01"}
  check_two: {machine: node-02, needs: [check_one], run: "false", timeout_seconds: 5, env: ["WORD=one"]}
---
Say hello.

::simple-task
---
:tasks: tasks
:name: check_one
---
#active
Not yet.
#completed
Done.
::

::user-input-task
---
:tasks: tasks
:name: check_two
---
#active
Which word?
#completed
That one.
::
"""

ARTICLE = """---
kind: tutorial
title: How two nodes agree
createdAt: 2026-01-02
playground: {name: demo, tabs: [{machine: node-02}]}
---
Read this.
"""

COURSE = """---
kind: course
title: All about nodes
createdAt: 2026-01-02
---
Welcome.
"""

MODULE = """---
kind: module
title: The first module
---
"""

LESSON = """---
kind: lesson
title: The first lesson
playground: {name: demo}
challenges:
  two-nodes: {}
tasks:
  check: {machine: node-01, run: "true"}
---
::simple-task
---
:tasks: tasks
:name: check
---
#active
Not yet.
#completed
Done.
::

::card
---
:challenge: challenges.two-nodes
---
::
"""

READ_ONLY = """---
kind: lesson
title: Only to be read
---
Nothing to do.
"""

PATH = """---
kind: skill-path
title: From one node to two
createdAt: 2026-01-02
---
"""

UNIT = """---
kind: unit
title: Where to begin
challenges:
  two-nodes: {}
---
"""

SOLUTION = """---
title: The short way
---
Do it.
"""

FILES = {
    "challenges/two-nodes/index.md": TWO_NODES,
    "challenges/two-nodes/solution.md": SOLUTION,
    "challenges/two-nodes/.solution.sh": "# session: node-01\ntrue\n",
    "challenges/two-nodes/.solution-02.sh": "false\n",
    "challenges/two-nodes/__static__/picture.svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    "challenges/two-nodes/secret.txt": "not for you",
    "challenges/broken/index.md": "---\nkind: challenge\ntitle: x\nnonsense: 1\n---\n",
    "tutorials/agreeing/index.md": ARTICLE,
    "courses/nodes/index.md": COURSE,
    "courses/nodes/010.first/0.index.md": MODULE,
    "courses/nodes/010.first/010.one/index.md": LESSON,
    "courses/nodes/010.first/010.one/unit-1.md": "---\nkind: unit\ntitle: More about it\n---\nMore.\n",
    "courses/nodes/010.first/020.two/000.index.md": READ_ONLY,
    "skill-paths/up/index.md": PATH,
    "skill-paths/up/unit-1.md": UNIT,
}


def write_lessons(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
