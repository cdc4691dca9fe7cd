package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// engine stands for every container engine: it notes how it was called and answers for one container, one image and three tasks.
const engine = `#!/bin/sh
printf '%s\n' "${0##*/} $*" >>"$CALLS"
case "${0##*/} $*" in
*"container inspect --format {{.Name}} -- web") echo /web ;;
*"container inspect --format {{.State.Pid}} -- web") echo 4711 ;;
*"container inspect --format {{.State.Pid}} -- done") echo 0 ;;
*"container inspect --format {{range "*" -- web") echo ' 172.17.0.2 10.0.0.2 ' ;;
*"container inspect --format {{range "*" -- done") echo ' ' ;;
*"container inspect --format {{.Config.Image}} -- web" | *"{{.ImageName}} -- web") echo nginx:1 ;;
*"container inspect --format {{.Image}} -- web") echo sha256:abc ;;
*"container inspect --format {{.State.Running}} -- web") echo true ;;
*"container inspect --format {{.State.Running}} -- done") echo false ;;
*"container inspect --format {{.State.ExitCode}} -- done") echo 3 ;;
*"image inspect --format {{.Id}} -- nginx") echo sha256:def ;;
*"image inspect --format {{.Size}} -- nginx") echo 1234 ;;
*"ps --all --quiet") printf 'a\nb\nc\n' ;;
*"ps --all --quiet --filter x=y z") printf 'a\n' ;;
*"ps --quiet") ;;
*"containers list --quiet") printf 'one\ntwo\n' ;;
*"tasks list") printf 'TASK PID STATUS\none %s RUNNING\ntwo 12 STOPPED\noneone 13 RUNNING\n' "$TESTED" ;;
*) echo; echo "Error: no such thing" >&2; exit 1 ;;
esac
`

// run gives what a script printed, its status, and the calls of engines.
func run(t *testing.T, shell, script string, engines ...string) (string, int, []string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range engines {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(engine), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sudo := "#!/bin/sh\n[ \"$1\" = -n ] || exit 1\nshift\nexec \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "sudo"), []byte(sudo), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"readlink", "id"} {
		if path, err := exec.LookPath(tool); err == nil {
			_ = os.Symlink(path, filepath.Join(folder, tool))
		}
	}
	calls := filepath.Join(folder, "calls")
	command := exec.Command(shell, "-c", Prelude(nil, script)+script)
	command.Env = []string{"PATH=" + folder, "CALLS=" + calls, "TESTED=" + strconv.Itoa(os.Getpid())}
	output, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(calls)
	return string(output), command.ProcessState.ExitCode(), strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(text)), " ", "_"))
}

// shells are all that a machine may run scripts with, as far as they are here.
func shells(t *testing.T) []string {
	t.Helper()
	found := []string{}
	for _, name := range []string{"bash", "dash", "sh"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no shell")
	}
	return found
}

func TestFunctions(t *testing.T) {
	network, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	network = strings.Trim(network, "net:[]")
	cases := []struct {
		call   string
		output string
		status int
	}{
		{"ENGINE_container_name web", "web\n", 0},
		{"ENGINE_container_pid web", "4711\n", 0},
		{"ENGINE_container_pid done", "", 1},
		{"ENGINE_container_ip web", "172.17.0.2\n", 0},
		{"ENGINE_container_ip done", "", 1},
		{"docker_container_image web", "nginx:1\n", 0},
		{"docker_container_image_id web", "sha256:abc\n", 0},
		{"podman_container_image web", "nginx:1\n", 0},
		{"podman_container_image_id web", "sha256:abc\n", 0},
		{"ENGINE_container_is_running web", "", 0},
		{"ENGINE_container_is_running done", "", 1},
		{"ENGINE_container_exit_code done", "3\n", 0},
		{"ENGINE_container_count_total", "3\n", 0},
		{"ENGINE_container_count_total --filter 'x=y z'", "1\n", 0},
		{"ENGINE_container_count_running", "0\n", 0},
		{"docker_image_id nginx", "sha256:def\n", 0},
		{"docker_image_size_bytes nginx", "1234\n", 0},
		{"ctr_container_is_running one", "", 0},
		{"ctr_container_is_running two", "", 1},
		{"ctr_container_pid oneone", "13\n", 0},
		{"ctr_container_netns one", network + "\n", 0},
		{"ctr_container_netns two", "", 1},
		{"ctr_container_count_total", "2\n", 0},
		{"ctr_container_count_running", "2\n", 0},
	}
	for _, shell := range shells(t) {
		for _, each := range cases {
			for _, name := range []string{"docker", "podman", "nerdctl"} {
				call := strings.Replace(each.call, "ENGINE", name, 1)
				output, status, calls := run(t, shell, "set -eu; "+call, "docker", "podman", "nerdctl", "ctr")
				if output != each.output || status != each.status || len(calls) != 1 {
					t.Errorf("%s: %s: %q, status %d, calls %q", shell, call, output, status, calls)
				}
				if call == each.call {
					break
				}
			}
		}
	}
}

// names are all functions that a script may call.
func names(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, line := range strings.Split(functions, "\n") {
		if name, _, ok := strings.Cut(line, "() {"); ok && !strings.HasPrefix(name, "labyard_") {
			found = append(found, name)
		}
	}
	if len(found) != 32 {
		t.Fatal(len(found), found)
	}
	return found
}

func TestTheyFailQuietlyWhereThereIsNothing(t *testing.T) {
	for _, name := range names(t) {
		for _, arguments := range []string{"", "nothing", "-f", "''"} {
			for _, engines := range [][]string{nil, {"docker", "podman", "nerdctl", "ctr"}} {
				if strings.Contains(name, "_count_") && engines != nil {
					continue
				}
				output, status, calls := run(t, "bash", name+" "+arguments, engines...)
				if output != "" || status == 0 || len(calls) > 1 {
					t.Errorf("%s %s: %q, status %d, calls %q", name, arguments, output, status, calls)
				}
			}
		}
	}
}

func TestOnlyWhatIsNamedIsThere(t *testing.T) {
	if Prelude(nil, "true", "docker ps") != "" {
		t.Error("nothing was named")
	}
	prelude := Prelude(nil, "true", "[ $(podman_container_count_total) = 1 ]", "docker_image_id x")
	for name, there := range map[string]bool{"podman_container_pid": true, "docker_container_pid": true, "ctr_container_pid": false, "nerdctl_container_pid": false} {
		if strings.Contains(prelude, "\n"+name+"() {") != there {
			t.Error(name)
		}
	}
}

func TestEveryPreludeIsWellFormed(t *testing.T) {
	for _, shell := range shells(t) {
		for _, prelude := range []string{Prelude(Folders), Prelude(nil, functions), Prelude(nil, "ctr_container_pid")} {
			command := exec.Command(shell, "-n")
			command.Stdin = strings.NewReader(prelude)
			if output, err := command.CombinedOutput(); err != nil || len(output) > 0 {
				t.Errorf("%s: %v: %s", shell, err, output)
			}
		}
	}
}

func TestFoldersOfAuthors(t *testing.T) {
	root := t.TempDir()
	first, second := filepath.Join(root, "it's first"), filepath.Join(root, "second")
	for path, text := range map[string]string{
		first + "/a.sh":       "mine() { echo mine \"$@\"; }\n",
		first + "/b":          "yours() { docker_container_pid web || echo none; }\n",
		first + "/.hidden":    "echo hidden\n",
		first + "/folder/c":   "echo deeper\n",
		second + "/not there": "",
	} {
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
		if text != "" && os.WriteFile(path, []byte(text), 0o644) != nil {
			t.Fatal(path)
		}
	}
	there := Existing([]string{first, second, filepath.Join(root, "third"), first + "/a.sh"})
	if len(there) != 2 {
		t.Fatal(there)
	}
	for _, shell := range shells(t) {
		script := "mine 1; yours; echo \"${labyard_file-gone}\""
		command := exec.Command(shell, "-euc", Prelude(there, script)+script)
		command.Env = []string{"PATH=" + root}
		if output, err := command.CombinedOutput(); err != nil || string(output) != "mine 1\nnone\ngone\n" {
			t.Errorf("%s: %v: %s", shell, err, output)
		}
	}
}

func TestThePageNamesThemAll(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reference/check-functions.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t) {
		family, verb, _ := strings.Cut(name, "_")
		if !strings.Contains(string(page), "`"+name) && !strings.Contains(string(page), "_"+verb) {
			t.Error(family, verb)
		}
	}
	if !strings.Contains(string(page), strconv.Itoa(len(names(t)))) {
		t.Error("their number is not there")
	}
}
