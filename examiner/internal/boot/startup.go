package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeStartupFile writes one, or appends to what is there; then the file keeps its owner and mode.
func writeStartupFile(file File) error {
	uid, gid, err := ownerOf(file.Owner)
	if err != nil {
		return err
	}
	mode := os.FileMode(file.Mode)
	if file.Mode == 0 {
		mode = 0o644
	}
	if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil {
		return err
	}
	if file.Append {
		if info, err := os.Stat(file.Path); err == nil {
			if !info.Mode().IsRegular() {
				return errors.New("it is no regular file")
			}
			return appendTo(file.Path, file.Content)
		}
	}
	return replaceFile(file.Path, file.Content, mode, uid, gid)
}

func appendTo(path string, content []byte) error {
	open, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = open.Write(content)
	return errors.Join(err, open.Close())
}

// ownerOf reads "user", "user:group" or "UID[:GID]" with the image's own accounts. A user alone brings its group.
func ownerOf(owner string) (uid, gid int, err error) {
	user, group, hasGroup := strings.Cut(owner, ":")
	if user == "" {
		user = "root"
	}
	if number, err := strconv.ParseUint(user, 10, 31); err == nil {
		uid, gid = int(number), int(number)
	} else if entry := lookup("/etc/passwd", user); len(entry) > 3 {
		uid, _ = strconv.Atoi(entry[2])
		gid, _ = strconv.Atoi(entry[3])
	} else if user != "root" {
		return 0, 0, fmt.Errorf("owner %q: the image has no such user", owner)
	}
	if !hasGroup || group == "" {
		return uid, gid, nil
	}
	if number, err := strconv.ParseUint(group, 10, 31); err == nil {
		return uid, int(number), nil
	}
	entry := lookup("/etc/group", group)
	if len(entry) < 3 {
		return 0, 0, fmt.Errorf("owner %q: the image has no such group", owner)
	}
	gid, err = strconv.Atoi(entry[2])
	return uid, gid, err
}

// lookup returns the fields of an entry of passwd, group or the like.
func lookup(path, name string) []string {
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Split(line, ":"); fields[0] == name {
			return fields
		}
	}
	return nil
}
