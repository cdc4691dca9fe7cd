"""What will exist: a playground, resolved for one start. Made by `spec`, carried out by an engine."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Base of all plain values: frozen; lenient when read back: stored rows and peers may be of another version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Filesystem(StrEnum):
    EXT2 = "ext2"
    EXT3 = "ext3"
    EXT4 = "ext4"
    XFS = "xfs"
    BTRFS = "btrfs"


class InitChoice(StrEnum):
    """Who is process 1 after the examiner has prepared the machine."""

    AUTO = "auto"  # the image's systemd or OpenRC if it has one, else the examiner
    IMAGE = "image"
    EXAMINER = "examiner"


class Identity(StrEnum):
    """Whose machine-id and SSH host keys a machine has in a play started from a snapshot."""

    SHARED = "shared"  # the playground's, made when its snapshot was made
    FRESH = "fresh"  # its own


class NetworkPlan(Value):
    """One isolated L2 segment. `gateway` stays reserved on private networks though nothing answers there."""

    name: str
    subnet: IPv4Network
    gateway: IPv4Address
    private: bool = False


class InterfacePlan(Value):
    """`eth<n>` of a machine, n being its place in the list."""

    network: str
    address: IPv4Interface
    mac: str


class DrivePlan(Value):
    """`/dev/vd<letter>` of a machine, the letter being its place in the list.

    `source`: a recipe's name or a full `oci://...` reference, None for an empty drive. `size` in bytes, None: as large
    as the image asks. `filesystem` None on a drive without source: raw.
    """

    source: str | None = None
    mount: str | None = None
    size: int | None = None
    filesystem: Filesystem | None = None
    read_only: bool = False


class UserPlan(Value):
    name: str
    default: bool = False
    welcome: str | None = None  # None: nothing is shown


class StartupFile(Value):
    """Written before the image's init runs. `owner` as written: `user`, `user:group` or `UID[:GID]`."""

    path: str
    content: str
    append: bool = False
    owner: str = "0:0"
    mode: int = 0o644


class MachinePlan(Value):
    """`memory` in bytes; None: the default for its kind of image, known once the image is here."""

    name: str
    kernel: str
    init: InitChoice = InitChoice.AUTO
    users: tuple[UserPlan, ...]
    drives: tuple[DrivePlan, ...]
    interfaces: tuple[InterfacePlan, ...]
    cpus: int = 2
    memory: int | None = None
    startup_files: tuple[StartupFile, ...] = ()
    terminal: bool = True  # false for `noSSH`: no terminal tab, no ssh, but still Ready
    identity: Identity = Identity.SHARED

    @property
    def root_index(self) -> int:
        """Place of the root drive in `drives`."""
        return next(i for i, drive in enumerate(self.drives) if drive.mount == "/")

    @property
    def default_user(self) -> str:
        return next((user.name for user in self.users if user.default), self.users[0].name)


class TaskKind(StrEnum):
    INIT = "init"  # once, before the play is its learner's
    REGULAR = "regular"  # again and again until it passes
    HELPER = "helper"  # for ever


class TaskStream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


class Reference(Value):
    """What is known only when a script runs: an output of another task, or with no `task` what the learner put in."""

    task: str | None = None
    stream: TaskStream = TaskStream.STDOUT


class Setting(Value):
    """One environment variable of a task's scripts; its parts are put together when they run."""

    name: str
    parts: tuple[str | Reference, ...]


class TaskPlan(Value):
    """A script in a machine. `run`, `hintcheck` and `failcheck` are bash; what they refer to comes by `env`, never as their
    text. `timeout` in seconds, of one run of one script."""

    name: str
    machine: str
    kind: TaskKind = TaskKind.INIT
    user: str = "root"
    run: str
    hintcheck: str | None = None
    failcheck: str | None = None
    env: tuple[Setting, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: int = 60
    after_fork: bool = False  # of an init task: to be run in every play, also one started from a snapshot
    of_lesson: bool = False  # it came with the lesson, not with its playground


class TabKind(StrEnum):
    TERMINAL = "terminal"
    IDE = "ide"
    HTTP_PORT = "http-port"
    WEB_PAGE = "web-page"
    KEXP = "kexp"


class TabPlan(Value):
    kind: TabKind
    id: str
    name: str
    machine: str | None = None
    number: int | None = None
    tls: bool = False
    host_rewrite: str | None = None
    path_rewrite: str | None = None
    access: str = "private"
    url: str | None = None
    pane: str | None = None


class ForwardPlan(Value):
    """A port forward the author finds worth having. `remote`: from the machine to the learner's computer."""

    machine: str
    local_host: str = "127.0.0.1"
    local_port: int
    remote_host: str = ""  # empty: the machine itself
    remote_port: int
    remote: bool = False


class PlayPlan(Value):
    """Everything an engine needs to make a play. `notes`: what was changed on the way, for the learner to see.

    `parameters`: the start parameters it was resolved with, less those left out. `warm` false: never from a snapshot.
    `one_off`: somebody's own words went in, which nobody will choose again: no start of it makes a snapshot for others.
    `snapshot`: the id of a saved one that it is forked from, and never booted without.
    `lesson`: what is read beside it, as `challenge/NAME`, `tutorial/NAME` or `course/NAME/[MODULE/]LESSON`; else empty.
    `lesson_digest`: of what that made of it; `preview`: its author tries it out, so it is nobody's progress.
    """

    playground: str
    title: str
    networks: tuple[NetworkPlan, ...]
    machines: tuple[MachinePlan, ...]
    tasks: tuple[TaskPlan, ...] = ()
    tabs: tuple[TabPlan, ...] = ()
    notes: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    forwards: tuple[ForwardPlan, ...] = ()
    registry_auth: str | None = None
    warm: bool = True
    one_off: bool = False
    snapshot: str | None = None
    needs_internet: bool = False
    lesson: str = ""
    lesson_digest: str = ""
    preview: bool = False

    def without_lesson(self) -> PlayPlan:
        """Its playground, as far as machines are concerned."""
        return self.model_copy(update={"tasks": tuple(task for task in self.tasks if not task.of_lesson)})

    def machine(self, name: str) -> MachinePlan | None:
        return next((machine for machine in self.machines if machine.name == name), None)
