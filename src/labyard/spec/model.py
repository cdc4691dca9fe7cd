"""What an author wrote: the one table of fields. Types, defaults and descriptions make the parser and the JSON Schema.

Formats follow iximiuz Labs; a field marked *Extension* is Labyard's own. Limits an operator may set are in `limits`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from labyard.play.plan import Filesystem, Identity, InitChoice, TabKind
from labyard.spec import kinds


def _is_absent(item: Any) -> bool:
    return item is None or item == "" or (item == 0 and isinstance(item, int) and not isinstance(item, bool))


class Spec(BaseModel):
    """Base of all parts of a manifest: frozen, camelCase outside, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, use_attribute_docstrings=True, validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_absent(cls, value: Any) -> Any:
        """Null, empty text and JSON's zero mean *not given*: dumps and Go's encoder write them for unset fields."""
        if not isinstance(value, dict):
            return value
        known = {info.alias for info in cls.model_fields.values()} - {"content"}
        return {key: item for key, item in value.items() if key not in known or not _is_absent(item)}


class Snapshot(Spec):
    """Written by the platform the manifest was dumped from."""

    id: kinds.Text = ""
    """Snapshot's id there."""
    lease_id: kinds.Text = ""
    """Lease's id there."""


class Network(Spec):
    """One isolated L2 segment."""

    name: kinds.HostName
    """Unique in the playground."""
    subnet: kinds.Subnet
    """IPv4 subnet, `/8` to `/30`; subnets of one playground must not overlap."""
    gateway: kinds.Address | None = None
    """Plain IPv4 address. Default: the first address no machine asks for."""
    private: kinds.Boolean = False
    """No way out: no NAT, no default route, no DNS. The gateway's address stays reserved."""


class User(Spec):
    """Somebody who can log in. A user the image lacks is created."""

    name: kinds.UserName
    """Login name; `root` is always allowed."""
    default: kinds.Boolean = False
    """Who terminals and `exec` use when nobody is named. Default: the first user."""
    welcome: kinds.Text | None = None
    """Shown once, at the first login; `-` shows nothing."""


class Kernel(Spec):
    """The machine's kernel. The old spelling `kernel: "6.1"` works too."""

    source: kinds.KernelVersion = "6.1"
    """`6.1`, `6.12`, or `host` for the kernel of the box."""
    snapshot: Snapshot | None = None
    """Kept, not used."""


class Drive(Spec):
    """A block device: the first is `/dev/vda`, the next `/dev/vdb`, and so on.

    Without source, mount and filesystem it is raw; with a filesystem but no mount it is formatted, not mounted.
    """

    source: kinds.Source | None = None
    """A named image (`debian-12`) or `oci://registry/name:tag`. The root drive needs one; other drives may be empty."""
    mount: kinds.Mount | None = None
    """Exactly one drive is mounted at `/`. Others are put into `/etc/fstab` and their directory is made."""
    size: kinds.Size | None = None
    """At least what its image needs. Default: the image's size; for an empty drive 1 GiB."""
    filesystem: Filesystem | None = None
    """Default for drives with a source or a mount: `ext4`. Drives with a source are always `ext4`."""
    read_only: kinds.Boolean = False
    """The machine cannot write to it."""
    persistent: kinds.Boolean | None = None
    """Kept, not used: the drives of a stopped play are always kept."""
    snapshot: Snapshot | None = None
    """Kept, not used."""


class Interface(Spec):
    """`eth0`, `eth1`, ... in the order of the list."""

    network: kinds.HostName | None = None
    """Default: on the first interface the only network, on others the first one the machine is not on yet."""
    address: kinds.InterfaceAddress | None = None
    """`10.0.1.10` or `10.0.1.10/24`. Default: the first free address of the network."""


class MachineNetwork(Spec):
    interfaces: tuple[Interface, ...] = Field(min_length=1)
    """At least one."""


class Resources(Spec):
    """What is beyond a cap is scaled down, with a note."""

    cpu_count: kinds.Count | None = None
    """vCPUs. Default: 2."""
    ram_size: kinds.Size | None = None
    """Memory. Default: 1 GiB, 512 MiB for an image without an init system."""


class StartupFile(Spec):
    """A file written before the machine's own init starts."""

    path: kinds.FilePath
    """Absolute; missing directories are made."""
    content: kinds.Text | None = None
    """What is written. Either this or `source`."""
    append: kinds.Boolean = False
    """Add to the file instead of replacing it; owner and mode of an existing file stay."""
    owner: kinds.Owner = "0:0"
    """`user`, `user:group` or `UID[:GID]`."""
    mode: kinds.Mode = "644"
    """Octal digits."""
    source: kinds.Text | None = None
    """A text file beside the manifest, like `__static__/motd.txt`."""
    extract: kinds.Boolean = False
    """Unpack an archive at `path`. Not supported yet."""


class SharedStartupFile(StartupFile):
    """A startup file of several machines."""

    machines: tuple[kinds.HostName, ...] | None = None
    """Where it is written. Default: everywhere."""


def _kernel(value: Any) -> Any:
    return {"source": value} if isinstance(value, str) else value


class Machine(Spec):
    """A virtual machine with a kernel of its own."""

    name: kinds.HostName
    """Host name, and name in the play's DNS; unique."""
    users: tuple[User, ...] = Field(min_length=1)
    """At least one."""
    backend: kinds.Backend | None = None
    """Kept, not used: every machine runs under QEMU."""
    kernel: Annotated[Kernel, BeforeValidator(_kernel)] = Kernel()
    """Which kernel it boots."""
    drives: tuple[Drive, ...] = Field(min_length=1)
    """At least the root drive."""
    network: MachineNetwork
    """How it is connected."""
    resources: Resources | None = None
    """How large it is."""
    startup_files: tuple[StartupFile, ...] = ()
    """Files of this machine; written after those of the playground."""
    no_ssh: kinds.Boolean = Field(default=False, alias="noSSH")
    """No terminal tab and no `labyard ssh` from outside; machines still reach each other."""
    init: InitChoice = InitChoice.AUTO
    """*Extension.* Process 1: `auto` (the image's systemd or OpenRC if there is one), `image` or `examiner`."""
    identity: Identity = Identity.SHARED
    """*Extension.* `fresh`: a machine-id and SSH host keys of its own in every play started from a snapshot."""


class Tab(Spec):
    """A tab of the play's page. Giving any replaces the default ones: a terminal for every machine that has one."""

    kind: TabKind = TabKind.TERMINAL
    """`terminal`, `ide`, `http-port`, `web-page` or `kexp`."""
    id: kinds.TabId | None = None
    """Unique. Default: `<kind>-<machine>`."""
    name: kinds.Line | None = None
    """Label. Needed for `http-port` and `web-page`; default: the machine's name."""
    machine: kinds.HostName | None = None
    """Default: the first machine. Not for `web-page`."""
    number: kinds.Port | None = None
    """`http-port`: the port, on an address other machines reach."""
    tls: kinds.Boolean | None = None
    """`http-port`: the port speaks HTTPS. Default: false."""
    host_rewrite: kinds.Line | None = None
    """`http-port`: the Host header it gets."""
    path_rewrite: kinds.Line | None = None
    """`http-port`: put before every path."""
    access: kinds.Access | None = None
    """`http-port`: `public` opens it to everybody who knows the address. Default: `private`."""
    url: kinds.Url | None = None
    """`web-page`: what is shown."""
    pane: kinds.Pane | None = None
    """`left` or `right` half of the page."""


class Condition(Spec):
    """A start parameter must have this value. Several conditions must all hold."""

    key: kinds.Text
    """The start parameter."""
    value: kinds.Word = ""
    """Its value; empty: it was left out."""


class Task(Spec):
    """An init task: a script that runs once per play, before it is ready. A reboot does not run it again."""

    name: kinds.TaskName | None = None
    """The key in `initTasks`; only repeated here."""
    init: kinds.Boolean = True
    """Always true."""
    machine: kinds.HostName
    """Where it runs."""
    user: kinds.UserName = "root"
    """Who runs it."""
    run: kinds.Text
    """A bash script."""
    needs: tuple[kinds.TaskName, ...] = ()
    """Tasks, of any machine, that must succeed before."""
    timeout_seconds: kinds.Count = Field(default=60, alias="timeout_seconds")
    """Seconds after which it has failed."""
    conditions: tuple[Condition, ...] = ()
    """When one does not hold, the play goes without this task."""
    status: kinds.Integer | None = None
    """Found in dumps; ignored."""
    after_fork: kinds.Boolean = False
    """*Extension.* Run in every play, also when it starts from a snapshot made after the other init tasks."""


class Parameter(Spec):
    """Asked when a play starts: `labyard playground start NAME -i key=value`."""

    key: kinds.Line
    """Its name; spaces are allowed."""
    default: kinds.Word | None = None
    """Value when none is given."""
    options: tuple[kinds.Word, ...] = ()
    """The values there are. None: any text."""
    nullable: kinds.Boolean = False
    """It may be left out."""
    placeholder: kinds.Line | None = None
    """Shown in the empty field."""
    validation_regex: kinds.Text | None = None
    """A value must contain a match (`^...$` for all of it). No look-around and no back-references."""


class InitConditions(Spec):
    values: tuple[Parameter, ...] = ()
    """Start parameters."""


def _lower_keys(value: Any) -> Any:
    """labctl writes these keys in small letters, having no YAML names for them (contract of `playground manifest`)."""
    spelled = {
        "localhost": "localHost",
        "localport": "localPort",
        "remotehost": "remoteHost",
        "remoteport": "remotePort",
    }
    if not isinstance(value, dict):
        return value
    return {(spelled.get(key, key) if spelled.get(key) not in value else key): item for key, item in value.items()}


class PortForward(Spec):
    """A forward that `--with-port-forwards` opens."""

    kind: kinds.ForwardKind = kinds.ForwardKind.LOCAL
    """`local`: from your computer into the machine; `remote`: the other way."""
    machine: kinds.HostName | None = None
    """Default: the first machine."""
    local_host: kinds.Host | None = None
    """Default: `127.0.0.1`."""
    local_port: kinds.Port | None = None
    """Default: the same as `remotePort`."""
    remote_host: kinds.Host | None = None
    """Default: the machine itself."""
    remote_port: kinds.Port | None = None
    """Default: the same as `localPort`."""

    @model_validator(mode="before")
    @classmethod
    def _old_keys(cls, value: Any) -> Any:
        return _lower_keys(value)


class AccessControl(Spec):
    """Who may do what: `owner`, `anyone`, `authenticated`, `instructor`, `nobody`, `github:NAME`, `user:ID`,
    `student:TRAINING`, `has-pack:PACK`. A list means any of them; `nobody` overrides all."""

    can_list: tuple[kinds.Line, ...] = ("owner",)
    """Who finds it in the catalog."""
    can_read: tuple[kinds.Line, ...] = ("owner",)
    """Who sees its page."""
    can_start: tuple[kinds.Line, ...] = ("owner",)
    """Who starts it."""


class OldAccess(Spec):
    """Old spelling of `accessControl`."""

    mode: kinds.Access
    """`private`: the owner alone; `public`: anyone."""
    users: tuple[kinds.Text, ...] = ()
    """Ignored."""


class Playground(Spec):
    """What a play is made of."""

    networks: tuple[Network, ...] = ()
    """Default: one network `local`, `172.16.0.0/24`."""
    machines: tuple[Machine, ...] = Field(min_length=1)
    """At least one."""
    tabs: tuple[Tab, ...] = ()
    """Default: a terminal for every machine that has one."""
    init_tasks: dict[kinds.TaskName, Task] = {}
    """Scripts that prepare a play, by name."""
    init_conditions: InitConditions = InitConditions()
    """Start parameters."""
    registry_auth: kinds.RegistryAuth | None = None
    """`user:password` of the play's own image registry. Kept, not used yet."""
    port_forwards: tuple[PortForward, ...] = ()
    """Forwards worth having."""
    access_control: AccessControl | None = None
    """Default: the owner alone."""
    access: OldAccess | None = None
    """Old spelling of `accessControl`."""
    startup_files: tuple[SharedStartupFile, ...] = ()
    """Files of several machines."""
    warm: kinds.Boolean = True
    """*Extension.* `false`: always boot, never start from a snapshot."""
    snapshot: kinds.SnapshotId | None = None
    """*Extension.* Written by `labyard playground save`: what every play of this playground goes on from."""


class Manifest(Spec):
    """A playground as its author wrote it."""

    kind: Literal["playground"]
    """Always `playground`."""
    name: kinds.Slug
    """Like a host name; its address in the catalog."""
    base: kinds.Slug | None = None
    """The playground it was derived from. For the reader: nothing is taken over from it."""
    title: kinds.Line
    """5 to 120 characters."""
    description: kinds.Text | None = None
    """At most 500 characters."""
    cover: kinds.Line | None = None
    """Address of an image."""
    categories: tuple[kinds.Line, ...] = ()
    """Where it stands in the catalog."""
    markdown: kinds.Text | None = None
    """Landing page, at most 100,000 characters."""
    needs: kinds.Need | None = None
    """*Extension.* `internet`: it does not work on a box without."""
    playground: Playground
    """Networks, machines, and what prepares them."""

    @property
    def access_control(self) -> AccessControl:
        """Who may do what, the old spelling understood."""
        spec = self.playground
        if spec.access_control is not None or spec.access is None:
            return spec.access_control or AccessControl()
        who = ("anyone",) if spec.access.mode is kinds.Access.PUBLIC else ("owner",)
        return AccessControl.model_validate({"canList": who, "canRead": who, "canStart": who})

    @property
    def networks(self) -> tuple[Network, ...]:
        """Those written, or the conventional one."""
        return self.playground.networks or (Network(name="local", subnet="172.16.0.0/24"),)

    def as_json(self) -> dict[str, Any]:
        """The Playground object labctl reads, less what only a server knows (id, owner); extensions beside."""
        spec: dict[str, Any] = self.playground.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"access"}
        )
        for name, task in spec["initTasks"].items():
            task["name"] = name
        top = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"kind", "playground"})
        words = {"base": "", "description": "", **top}
        control = self.access_control.model_dump(mode="json", by_alias=True)
        networks = [network.model_dump(mode="json", by_alias=True, exclude_none=True) for network in self.networks]
        return {**words, **spec, "networks": networks, "accessControl": control}
