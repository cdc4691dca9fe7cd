package ports

import (
	"os"
	"strconv"
	"strings"
)

const (
	maxDescriptors = 256   // of one process
	maxLinks       = 16384 // in one answer
)

// searcher finds which process holds a socket, within bounds.
type searcher struct{ left int }

// holder is the first process of a network that holds a socket; 0 when none was found.
func (s *searcher) holder(of network, inode uint64) int {
	wanted := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	for _, pid := range of.pids {
		path := "/proc/" + strconv.Itoa(pid) + "/fd"
		folder, err := os.Open(path)
		if err != nil {
			continue
		}
		names, _ := folder.Readdirnames(maxDescriptors)
		folder.Close()
		for _, name := range names {
			if s.left--; s.left < 0 {
				return 0
			}
			if target, _ := os.Readlink(path + "/" + name); target == wanted {
				return pid
			}
		}
	}
	return 0
}

// nameOf is a program's short name; what its process wrote there may be anything.
func nameOf(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(text[:min(len(text), 64)]))
}

// inContainer: it has processes of its own, as containers do and `ip netns exec` has not.
func inContainer(pid int) bool {
	own, its := inodeOf("/proc/self/ns/pid"), inodeOf("/proc/"+strconv.Itoa(pid)+"/ns/pid")
	return its != 0 && its != own
}
