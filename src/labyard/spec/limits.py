"""How much a manifest may ask for: settings of whoever runs the box. All sizes in bytes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from labyard.spec.sizes import GIB, KIB, MIB, TIB


class Limits(BaseModel):
    """Beyond these a manifest is refused, except `cpus_*` and `memory_*` per machine and play: those scale down."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    document: int = MIB
    """Size of a manifest's text."""
    nodes: int = 50_000
    """YAML values in one manifest, counted as often as aliases repeat them."""
    characters: int = 4 * MIB
    """Characters in one manifest, counted as often as aliases repeat them."""
    depth: int = 32
    """How deep lists and mappings may nest."""

    title_least: int = 5
    """Characters a title needs."""
    title: int = 120
    """Characters in a title."""
    description: int = 500
    """Characters in a description."""
    markdown: int = 100_000
    """Characters in a landing page."""
    categories: int = 10
    """Categories of one playground."""

    machines: int = 16
    """Machines in one playground."""
    networks: int = 16
    """Networks in one playground."""
    interfaces: int = 16
    """Interfaces of one machine."""
    users: int = 16
    """Users of one machine."""
    drives: int = 24
    """Drives of one machine: `vda` to `vdx`."""
    drive_least: int = MIB
    """The smallest drive."""
    drive: int = 256 * GIB
    """The largest drive."""
    drives_per_play: int = TIB
    """All sizes of all drives together. Drives are sparse: this is what they may grow to."""
    drive_default: int = GIB
    """Size of a drive that names neither size nor source."""

    cpus_per_machine: int = 8
    """Cap: a machine asking for more gets this many."""
    memory_per_machine: int = 16 * GIB
    """Cap: a machine asking for more gets this much."""
    cpus_per_play: int = 32
    """Cap: machines asking for more together are scaled down in proportion."""
    memory_per_play: int = 32 * GIB
    """Cap: machines asking for more together are scaled down in proportion."""
    cpus_default: int = 2
    """vCPUs of a machine that does not say."""
    memory_assumed: int = GIB
    """What a machine that does not say how much memory it wants counts for in `memory_per_play`."""
    memory_least: int = 96 * MIB
    """No machine can ask for less, nor be scaled below. With less the kernels start over for ever and say nothing."""

    startup_files: int = 64
    """Startup files of one machine, those of the playground included."""
    startup_file: int = 256 * KIB
    """Bytes of one startup file's content."""
    startup_files_per_machine: int = 2 * MIB
    """Bytes of all startup files of one machine."""
    welcome: int = 4 * KIB
    """Characters of a welcome text."""

    roles: int = 64
    """Roles in one list of `accessControl`."""
    tabs: int = 32
    """Tabs of one playground."""
    port_forwards: int = 64
    """Port forwards of one playground."""
    tasks: int = 256
    """Init tasks of one playground."""
    script: int = 64 * KIB
    """Characters of one task's script."""
    timeout: int = 3600
    """Seconds a task may ask for."""

    parameters: int = 32
    """Start parameters of one playground."""
    options: int = 64
    """Options of one start parameter."""
    parameter: int = 256
    """Characters of one start parameter's value."""


DEFAULT = Limits()

# Limits of iximiuz Labs, whose format this is, as published. Beyond them a manifest may not work there: a warning.
PUBLISHED = Limits(
    categories=2,
    machines=5,
    drive_least=GIB,
    drive=100 * GIB,
    drives_per_play=240 * GIB,
    cpus_per_machine=4,
    memory_per_machine=10 * GIB,
    cpus_per_play=10,
    memory_per_play=16 * GIB,
    startup_files=20,
    tabs=10,
)
