"""The program that unpacks: `python -m labyard.images.oci.unpack JOB`, started by `unpacker.py` in namespaces of its
own.

JOB is JSON (see Job). Progress goes to stderr as `bytes <n>`; the last thing on stdout is a JSON object, `{}` or
`{"error": code, "message": text}`. Only descriptors lead out of the jail: the layers, open for reading, and the two
streams.
"""

from __future__ import annotations

import encodings.idna
import encodings.utf_8  # noqa: F401 - nothing can be imported once inside
import json
import sys
from pathlib import Path

from labyard.errors import ImageError
from labyard.images.oci.jail import enter
from labyard.images.oci.layerstream import LayerStream
from labyard.images.oci.tree import Limits, Tree
from labyard.play.plan import Value


class LayerJob(Value):
    """A layer behind an open descriptor, and the digests it must have (None: checked already)."""

    descriptor: int
    digest: str | None = None
    diff_id: str | None = None


class Job(Value):
    """Unpack `layers`, lowest first, into the folder `tree`."""

    tree: Path
    layers: tuple[LayerJob, ...]
    max_size: int
    max_entries: int


def main() -> None:
    job = Job.model_validate_json(sys.argv[1])
    enter(job.tree)
    answer: dict[str, str] = {}
    try:
        tree = Tree(Limits(size=job.max_size, entries=job.max_entries), _tell)
        for layer in job.layers:
            with LayerStream(layer.descriptor, digest=layer.digest, diff_id=layer.diff_id) as stream:
                tree.apply(stream)
    except ImageError as error:
        answer = {"error": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer))


def _tell(size: int) -> None:
    sys.stderr.write(f"bytes {size}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
