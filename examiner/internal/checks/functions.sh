#:: common
# Runs an engine, as root where it needs that; quiet, whatever goes wrong.
labyard_engine() {
  local tool="$1"
  shift
  command -v "$tool" >/dev/null 2>&1 || return 1
  case "$tool" in
  nerdctl | ctr) set -- "$tool" --namespace "${CONTAINERD_NAMESPACE:-default}" "$@" ;;
  *) set -- "$tool" "$@" ;;
  esac
  if [ "$tool" = podman ] || [ "${EUID:-$(id -u)}" = 0 ]; then
    "$@" </dev/null 2>/dev/null
  elif [ "$tool" = docker ] && { [ -n "${DOCKER_HOST:-}" ] || [ -w /var/run/docker.sock ]; }; then
    "$@" </dev/null 2>/dev/null
  else
    sudo -n "$@" </dev/null 2>/dev/null
  fi
}

# ENGINE container|image FORMAT NAME: what the engine says of it; a failure when that is nothing.
labyard_inspect() {
  local said
  [ -n "${4:-}" ] || return 1
  said="$(labyard_engine "$1" "$2" inspect --format "$3" -- "$4")" || return 1
  [ -n "$said" ] && printf '%s\n' "$said"
}

labyard_container_name() {
  local said
  said="$(labyard_inspect "$1" container '{{.Name}}' "${2:-}")" && printf '%s\n' "${said#/}"
}

# That of a container which does not run is 0.
labyard_container_pid() {
  local said
  said="$(labyard_inspect "$1" container '{{.State.Pid}}' "${2:-}")" || return 1
  [ "$said" != 0 ] && printf '%s\n' "$said"
}

# The first of its addresses.
labyard_container_ip() {
  local said
  said="$(labyard_inspect "$1" container '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "${2:-}")" || return 1
  while [ "$said" != "${said# }" ]; do said="${said# }"; done
  said="${said%% *}"
  [ -n "$said" ] && printf '%s\n' "$said"
}

labyard_container_is_running() {
  [ "$(labyard_inspect "$1" container '{{.State.Running}}' "${2:-}")" = true ]
}

# How many lines an engine prints that end with $1, if that is given.
labyard_count() {
  local ending="$1" said line count=0
  shift
  said="$(labyard_engine "$@")" || return 1
  while read -r line; do
    case "$line" in
    '') ;;
    *"$ending") count=$((count + 1)) ;;
    esac
  done <<LABYARD
$said
LABYARD
  printf '%s\n' "$count"
}

#:: docker
docker_container_name() { labyard_container_name docker "${1:-}"; }
docker_container_pid() { labyard_container_pid docker "${1:-}"; }
docker_container_ip() { labyard_container_ip docker "${1:-}"; }
docker_container_image() { labyard_inspect docker container '{{.Config.Image}}' "${1:-}"; }
docker_container_image_id() { labyard_inspect docker container '{{.Image}}' "${1:-}"; }
docker_container_is_running() { labyard_container_is_running docker "${1:-}"; }
docker_container_exit_code() { labyard_inspect docker container '{{.State.ExitCode}}' "${1:-}"; }
docker_container_count_total() { labyard_count '' docker ps --all --quiet "$@"; }
docker_container_count_running() { labyard_count '' docker ps --quiet "$@"; }
docker_image_id() { labyard_inspect docker image '{{.Id}}' "${1:-}"; }
docker_image_size_bytes() { labyard_inspect docker image '{{.Size}}' "${1:-}"; }

#:: podman
podman_container_name() { labyard_container_name podman "${1:-}"; }
podman_container_pid() { labyard_container_pid podman "${1:-}"; }
podman_container_ip() { labyard_container_ip podman "${1:-}"; }
podman_container_image() { labyard_inspect podman container '{{.ImageName}}' "${1:-}"; }
podman_container_image_id() { labyard_inspect podman container '{{.Image}}' "${1:-}"; }
podman_container_is_running() { labyard_container_is_running podman "${1:-}"; }
podman_container_exit_code() { labyard_inspect podman container '{{.State.ExitCode}}' "${1:-}"; }
podman_container_count_total() { labyard_count '' podman ps --all --quiet "$@"; }
podman_container_count_running() { labyard_count '' podman ps --quiet "$@"; }

#:: nerdctl
nerdctl_container_name() { labyard_container_name nerdctl "${1:-}"; }
nerdctl_container_pid() { labyard_container_pid nerdctl "${1:-}"; }
nerdctl_container_ip() { labyard_container_ip nerdctl "${1:-}"; }
nerdctl_container_is_running() { labyard_container_is_running nerdctl "${1:-}"; }
nerdctl_container_exit_code() { labyard_inspect nerdctl container '{{.State.ExitCode}}' "${1:-}"; }
nerdctl_container_count_total() { labyard_count '' nerdctl ps --all --quiet "$@"; }
nerdctl_container_count_running() { labyard_count '' nerdctl ps --quiet "$@"; }

#:: ctr
# The process of a container's task, if that runs.
ctr_container_pid() {
  local said id pid status
  [ -n "${1:-}" ] || return 1
  said="$(labyard_engine ctr tasks list)" || return 1
  while read -r id pid status; do
    if [ "$id" = "$1" ] && [ "$status" = RUNNING ]; then
      printf '%s\n' "$pid"
      return 0
    fi
  done <<LABYARD
$said
LABYARD
  return 1
}

# The number of its network namespace, as lsns shows it.
ctr_container_netns() {
  local pid said
  pid="$(ctr_container_pid "${1:-}")" || return 1
  if [ "${EUID:-$(id -u)}" = 0 ]; then
    said="$(readlink "/proc/$pid/ns/net" 2>/dev/null)" || return 1
  else
    said="$(sudo -n readlink "/proc/$pid/ns/net" 2>/dev/null)" || return 1
  fi
  said="${said#net:\[}"
  printf '%s\n' "${said%\]}"
}

ctr_container_is_running() { ctr_container_pid "${1:-}" >/dev/null; }
ctr_container_count_total() { labyard_count '' ctr containers list --quiet; }
ctr_container_count_running() { labyard_count RUNNING ctr tasks list; }
