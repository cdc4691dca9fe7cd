package agent

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"labyard/examiner/internal/link"
)

// account is one line of passwd with the groups its user is in.
type account struct {
	name   string
	uid    uint32
	gid    uint32
	groups []uint32
	home   string
	shell  string
}

// find reads the account of a name or a number. Root is known even where the image has no passwd.
func find(name string) (account, error) {
	text, _ := os.ReadFile("/etc/passwd")
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 7 || (fields[0] != name && fields[2] != name) {
			continue
		}
		uid, err := strconv.ParseUint(fields[2], 10, 32)
		gid, err2 := strconv.ParseUint(fields[3], 10, 32)
		if err != nil || err2 != nil {
			continue
		}
		found := account{name: fields[0], uid: uint32(uid), gid: uint32(gid), home: fields[5], shell: fields[6]}
		found.groups = groupsOf(found.name, found.gid)
		return found.complete(), nil
	}
	if name == "root" || name == "0" {
		return account{name: "root", home: "/root", groups: []uint32{0}}.complete(), nil
	}
	return account{}, &link.Refusal{Code: "no-user", Message: "this machine has no user " + strconv.Quote(name)}
}

func (a account) complete() account {
	if a.home == "" {
		a.home = "/"
	}
	if info, err := os.Stat(a.shell); a.shell == "" || err != nil || info.IsDir() {
		a.shell = anyShell()
	}
	return a
}

func anyShell() string {
	for _, shell := range []string{"/bin/bash", "/usr/bin/bash", "/bin/sh"} {
		if _, err := os.Stat(shell); err == nil {
			return shell
		}
	}
	return "/bin/sh"
}

func groupsOf(name string, primary uint32) []uint32 {
	groups := []uint32{primary}
	text, _ := os.ReadFile("/etc/group")
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 4 {
			continue
		}
		gid, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil || uint32(gid) == primary {
			continue
		}
		for _, member := range strings.Split(fields[3], ",") {
			if member == name {
				groups = append(groups, uint32(gid))
				break
			}
		}
	}
	return groups
}

// credential is nil where nothing has to change: tests run the agent unprivileged.
func (a account) credential() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
}

// environment is what a login would set, then what the image says in /etc/environment, then what was asked for.
func (a account) environment(asked map[string]string) []string {
	path := "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
	if a.uid == 0 {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	values := map[string]string{"PATH": path, "LANG": "C.UTF-8"}
	text, _ := os.ReadFile("/etc/environment")
	for _, line := range strings.Split(string(text), "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(key, "#") {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	values["HOME"], values["USER"], values["LOGNAME"], values["SHELL"] = a.home, a.name, a.name, a.shell
	runtime := "/run/user/" + strconv.FormatUint(uint64(a.uid), 10)
	if _, err := os.Stat(runtime); err == nil {
		values["XDG_RUNTIME_DIR"] = runtime
		if _, err := os.Stat(runtime + "/bus"); err == nil {
			values["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + runtime + "/bus"
		}
	}
	for key, value := range asked {
		values[key] = value
	}
	list := make([]string, 0, len(values))
	for key, value := range values {
		list = append(list, key+"="+value)
	}
	return list
}

// lookPath finds a program as the user's shell would.
func lookPath(name string, environment []string, cwd string) (string, error) {
	refuse := &link.Refusal{Code: "no-program", Message: "no such program: " + name}
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(cwd, path)
		}
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return "", refuse
		}
		return path, nil
	}
	for _, entry := range environment {
		path, ok := strings.CutPrefix(entry, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(path) {
			candidate := filepath.Join(folder, name)
			if info, err := os.Stat(candidate); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return candidate, nil
			}
		}
	}
	return "", refuse
}
