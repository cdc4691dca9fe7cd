"""Make the images and kernels that tests need, once, in a cache that outlives the test run.

`python -m tests.support.prepare FOLDER IMAGE... kernel:VERSION...`, in a network namespace that reaches package mirrors.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from labyard.images.progress import Progress
from tests.support.recipes import parts_with_recipes


def _say(progress: Progress) -> None:
    print(f"{progress.subject}: {progress.step}", file=sys.stderr, flush=True)


async def prepare(folder: Path, wanted: list[str]) -> None:
    kernels = [each.removeprefix("kernel:") for each in wanted if each.startswith("kernel:")]
    images = [each for each in wanted if not each.startswith("kernel:")]
    with tempfile.TemporaryDirectory() as recipes:
        await parts_with_recipes(folder, "000000", Path(recipes)).prepare_images(kernels, images, _say)


if __name__ == "__main__":
    asyncio.run(prepare(Path(sys.argv[1]), sys.argv[2:]))
