"""Startup files whose text lies beside the manifest: `source` becomes `content`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeVar

from labyard.spec.document import Loc
from labyard.spec.findings import Finding
from labyard.spec.limits import Limits
from labyard.spec.model import Manifest, StartupFile
from labyard.spec.sizes import show_size

File = TypeVar("File", bound=StartupFile)


def read_files(
    manifest: Manifest, files: Callable[[str], bytes], limits: Limits
) -> tuple[Manifest, tuple[Finding, ...]]:
    """The manifest with every `source` read, and those that could not be (they become empty)."""
    findings: list[Finding] = []

    def read(file: File, loc: Loc) -> File:
        if file.source is None or file.extract:
            return file
        at: Loc = (*loc, "source")
        if file.content is not None:
            findings.append(Finding(loc=at, message="a startup file has either `content` or `source`", key=True))
            return file
        text, objection = _text(file.source, files, limits)
        if objection:
            findings.append(Finding(loc=at, message=objection))
        return file.model_copy(update={"content": text})

    spec = manifest.playground
    shared = tuple(read(file, ("playground", "startupFiles", i)) for i, file in enumerate(spec.startup_files))
    machines = tuple(
        machine.model_copy(
            update={
                "startup_files": tuple(
                    read(file, ("playground", "machines", m, "startupFiles", i))
                    for i, file in enumerate(machine.startup_files)
                )
            }
        )
        for m, machine in enumerate(spec.machines)
    )
    whole = spec.model_copy(update={"startup_files": shared, "machines": machines})
    return manifest.model_copy(update={"playground": whole}), tuple(findings)


def _text(source: str, files: Callable[[str], bytes], limits: Limits) -> tuple[str, str | None]:
    path = PurePosixPath(source)
    if path.is_absolute() or ".." in path.parts or "\\" in source:
        return "", f"`{source}` is not a file beside the manifest"
    try:
        content = files(str(path))
    except (OSError, ValueError) as error:
        return "", f"`{source}` cannot be read: {getattr(error, 'strerror', None) or error}"
    if len(content) > limits.startup_file:
        return "", f"`{source}` is larger than {show_size(limits.startup_file)}"
    try:
        return content.decode(), None
    except UnicodeDecodeError:
        return "", f"`{source}` is not text: binary startup files are not supported yet"
