"""A folder that is pushed whenever it changes: what `push --watch` and `preview` do until they are told to end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from labyard.cli.authors.linting import Linter, has_errors, unite
from labyard.cli.authors.local import LocalPiece, Look
from labyard.cli.authors.plan import Plan, plan_of
from labyard.cli.authors.remote import RemotePiece, called_here
from labyard.cli.authors.sending import metered, send, tell_passed_over
from labyard.cli.exits import UnreachableError
from labyard.cli.lint import count, show
from labyard.cli.talk import printable, say, say_error
from labyard.errors import LabyardError, Problem

EVERY: Final = 0.5  # seconds between two looks at the folder
_SHARE: Final = 20  # a look may take one part in so many of the time
_SETTLED: Final = 0.1  # seconds in which nothing more happened: an editor, or git, has finished
_MOST: Final = 5  # paths that are told of one push
_AGAIN: Final = (1.0, 2.0, 5.0, 10.0)  # seconds, then always the last


class Live:
    """`remove`: what is gone here goes there. `force`: also with errors. `known`: the folder as it was pushed already.

    Subclasses may do something at every turn.
    """

    def __init__(
        self,
        remote: RemotePiece,
        local: LocalPiece,
        linter: Linter,
        *,
        remove: bool,
        force: bool,
        known: Look | None = None,
    ) -> None:
        self.remote = remote
        self.local = local
        self.linter = linter
        self._remove = remove
        self._force = force
        self._known: object = None if known is None else known.marks
        self._due = False  # something is here that is not there
        self._failures = 0
        self._kept: set[str] = set()
        self._passed_over: set[str] = set()
        self._pause = EVERY

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            wait = self._pause
            try:
                await self._look()
                await self.turn()
                if self._due:
                    await self.push()
                if self._failures:
                    say("The server answers again.")
                self._failures = 0
            except LabyardError as error:
                wait = max(wait, self._failed(error))
            except OSError as error:
                say(printable(f"The folder cannot be read: {error.strerror or error}"))
            await asyncio.sleep(wait)

    async def turn(self) -> None:
        """Something else that is to be done from time to time."""

    def push_again(self) -> None:
        self._due = True

    async def settled(self) -> Look:
        """The folder, once nothing more happens in it."""
        look = await asyncio.to_thread(self.local.look)
        while True:
            await asyncio.sleep(_SETTLED)
            again = await asyncio.to_thread(self.local.look)
            if again.marks == look.marks:
                return again
            look = again

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        look = await asyncio.to_thread(self.local.look)
        self._pause = max(EVERY, _SHARE * (loop.time() - began))
        if self._known is None:
            self._known = look.marks
        elif look.marks != self._known:
            self._due = True

    async def push(self) -> None:
        """What differs, now."""
        look = await self.settled()
        tell_passed_over([path for path in look.passed_over if path not in self._passed_over])
        self._passed_over.update(look.passed_over)
        problems = await asyncio.to_thread(self.linter.problems, look)
        self._known = look.marks
        here = await asyncio.to_thread(self.local.digests, look.files)
        plan = plan_of(here, await self.remote.digests() or {})
        self._due = False
        if has_errors(problems) and not self._force:
            self._tell(plan, problems, "not pushed")
            return
        try:
            with metered(len(plan.sent)) as done:
                told = called_here(
                    await send(self.remote, plan, look, remove=self._remove, done=done), self.local.folder
                )
        except BaseException:
            self._due = True
            raise
        self._tell(plan, unite(problems, told), "pushed")
        self._keep(plan)

    def _tell(self, plan: Plan, problems: list[Problem], done: str) -> None:
        removed = [f"{path} (removed)" for path in plan.removed if self._remove]
        paths = [*plan.sent, *removed]
        more = f" and {len(paths) - _MOST} more" if len(paths) > _MOST else ""
        what = f"{done}: {', '.join(paths[:_MOST])}{more}" if paths else "nothing new"
        wrong = count(problems) if problems else "no problems"
        say(printable(f"{datetime.now().astimezone():%H:%M:%S} {what}; {wrong}"))
        show(problems, stderr=True)

    def _keep(self, plan: Plan) -> None:
        if not self._remove and (more := {*plan.removed} - self._kept):
            say(
                printable(f"Kept on the server, though gone here: {', '.join(sorted(more))}. --yes removes such files.")
            )
            self._kept |= more

    def _failed(self, error: LabyardError) -> float:
        """Say it, once as long as it is the same; seconds to wait."""
        if not isinstance(error, UnreachableError):
            self._due = False  # until something changes
            say_error(error)
        elif not self._failures:
            say_error(error)
            say("Trying again until it answers.")
        wait = _AGAIN[min(self._failures, len(_AGAIN) - 1)]
        self._failures += isinstance(error, UnreachableError)
        return wait
