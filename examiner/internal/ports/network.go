package ports

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// maxProcesses and maxNetworks bound what is looked at: the lowest process numbers.
	maxProcesses = 4096
	maxNetworks  = 64
	lookTime     = 2 * time.Second
	// lookAge is how long the last look is good for: a page asks for many things at once.
	lookAge = time.Second
)

// network is a network namespace and the processes in it, the lowest first.
type network struct {
	inode uint64
	pids  []int
}

// folder is where the kernel says what the network looks like.
func (n network) folder() string { return "/proc/" + strconv.Itoa(n.pids[0]) + "/net" }

// look is all networks of a machine at one time.
type look struct {
	own network
	// others are in the order of their lowest process.
	others []network
}

type looker struct {
	mu   sync.Mutex
	last look
	at   time.Time
}

var around looker

// look finds networks by the processes in them; threads that went elsewhere by themselves are not seen.
func (l *looker) look() look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() || time.Since(l.at) > lookAge {
		l.last, l.at = lookAround(), time.Now()
	}
	return l.last
}

func lookAround() look {
	// That of this program's first thread, which never leaves it.
	found := look{own: network{inode: inodeOf("/proc/self/ns/net")}}
	places := map[uint64]int{}
	end := time.Now().Add(lookTime)
	for _, pid := range processes() {
		if time.Now().After(end) {
			break
		}
		inode := inodeOf("/proc/" + strconv.Itoa(pid) + "/ns/net")
		switch at, known := places[inode]; {
		case inode == 0: // it has ended
		case inode == found.own.inode:
			found.own.pids = append(found.own.pids, pid)
		case known:
			found.others[at].pids = append(found.others[at].pids, pid)
		case len(found.others) < maxNetworks:
			places[inode] = len(found.others)
			found.others = append(found.others, network{inode, []int{pid}})
		}
	}
	return found
}

// processes are their numbers, from the lowest on.
func processes() []int {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(maxProcesses + 256) // the kernel lists some files of its own, and then processes by number
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids[:min(len(pids), maxProcesses)]
}

// inodeOf tells namespaces apart; 0: it cannot be seen.
func inodeOf(path string) uint64 {
	var told syscall.Stat_t
	if syscall.Stat(path, &told) != nil {
		return 0
	}
	return told.Ino
}
