package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const firstUser, lastUser = 1000, 59999

// ensureUser creates a user that the image lacks: its own group, a home, a shell, and sudo where sudo is.
func ensureUser(name string) error {
	if lookup("/etc/passwd", name) != nil {
		return nil
	}
	if name == "root" {
		return addLine("/etc/passwd", "root:x:0:0:root:/root:"+shellFor(), 0o644)
	}
	id, err := freeID()
	if err != nil {
		return err
	}
	home := "/home/" + name
	number := strconv.Itoa(id)
	shadowed := present("/etc/shadow")
	password := "*"
	if shadowed {
		password = "x"
	}
	if err := addLine("/etc/group", name+":x:"+number+":", 0o644); err != nil {
		return err
	}
	if shadowed {
		if err := addLine("/etc/shadow", name+":*:19000:0:99999:7:::", 0o640); err != nil {
			return err
		}
	}
	if err := addLine("/etc/passwd", fmt.Sprintf("%s:%s:%s:%s::%s:%s", name, password, number, number, home, shellFor()), 0o644); err != nil {
		return err
	}
	return errors.Join(makeHome(home, id), allowSudo(name), addRanges(name))
}

func shellFor() string {
	if present("/bin/bash") {
		return "/bin/bash"
	}
	return "/bin/sh"
}

// freeID is the lowest number that is neither a user's nor a group's.
func freeID() (int, error) {
	taken := map[int]bool{}
	for _, file := range []string{"/etc/passwd", "/etc/group"} {
		text, _ := os.ReadFile(file)
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Split(line, ":"); len(fields) > 2 {
				if id, err := strconv.Atoi(fields[2]); err == nil {
					taken[id] = true
				}
			}
		}
	}
	for id := firstUser; id <= lastUser; id++ {
		if !taken[id] {
			return id, nil
		}
	}
	return 0, errors.New("no user id is free")
}

// addLine rewrites a file with one more line, in one step, keeping its owner and mode.
func addLine(path, line string, mode os.FileMode) error {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			uid, gid = int(stat.Uid), int(stat.Gid)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return replaceFile(path, append(text, line+"\n"...), mode, uid, gid)
}

// makeHome copies /etc/skel, links as links.
func makeHome(home string, id int) error {
	if present(home) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		return err
	}
	err := filepath.WalkDir("/etc/skel", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "/etc/skel" {
			return nil
		}
		target := home + strings.TrimPrefix(path, "/etc/skel")
		switch {
		case entry.IsDir():
			err = os.Mkdir(target, 0o755)
		case entry.Type()&fs.ModeSymlink != 0:
			var to string
			if to, err = os.Readlink(path); err == nil {
				err = os.Symlink(to, target)
			}
		case entry.Type().IsRegular():
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(target, content, 0o644)
			}
		default:
			return nil
		}
		return errors.Join(err, os.Lchown(target, id, id))
	})
	return errors.Join(err, os.Chown(home, id, id))
}

func allowSudo(name string) error {
	if !present("/usr/bin/sudo") || !present("/etc/sudoers") {
		return nil
	}
	return replaceFile("/etc/sudoers.d/labyard-"+strings.ReplaceAll(name, ".", "_"), []byte(name+" ALL=(ALL:ALL) NOPASSWD: ALL\n"), 0o440, 0, 0)
}

// addRanges gives a user the subordinate ids that rootless containers need, behind those that are given away.
func addRanges(name string) error {
	var failed error
	for _, file := range []string{"/etc/subuid", "/etc/subgid"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // an image without the file has no use for it
		}
		next := 100000
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Split(line, ":"); len(fields) == 3 {
				first, _ := strconv.Atoi(fields[1])
				count, _ := strconv.Atoi(fields[2])
				next = max(next, first+count)
			}
		}
		failed = errors.Join(failed, addLine(file, fmt.Sprintf("%s:%d:65536", name, next), 0o644))
	}
	return failed
}
