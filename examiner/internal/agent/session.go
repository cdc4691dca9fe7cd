package agent

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// sessionUnit is planted by the boot: a PAM session that keeps a user's own systemd running.
	sessionUnit    = "labyard-session@"
	sessionTimeout = 20 * time.Second
	sessionRetry   = 30 * time.Second
	managerSocket  = "/systemd/private"
)

// sessions sees to it that programs of a user find what a login would have brought: the user's systemd and its bus.
type sessions struct {
	mu     sync.Mutex
	failed map[uint32]time.Time
}

// ensure is two looks at files when all is there; the first program of a user pays for the rest.
func (s *sessions) ensure(who account) {
	runtime := "/run/user/" + strconv.FormatUint(uint64(who.uid), 10)
	if who.uid == 0 || exists(runtime+managerSocket) || !hasUnit("user@.service") || !exists("/run/systemd/system/"+sessionUnit+".service") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.failed[who.uid]) < sessionRetry || exists("/run/nologin") || exists(runtime+managerSocket) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sessionTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, "systemctl", "restart", sessionUnit+who.name+".service").CombinedOutput()
	if err == nil {
		err = awaitManager(runtime)
	}
	if err != nil {
		warn("session of %s: %v %s", who.name, err, output)
		if s.failed == nil {
			s.failed = map[uint32]time.Time{}
		}
		s.failed[who.uid] = time.Now()
	}
}

// awaitManager waits for the user's systemd and its bus: the unit counts as started before its session is open.
func awaitManager(runtime string) error {
	wanted := []string{runtime + managerSocket}
	if exists("/usr/lib/systemd/user/dbus.socket") {
		wanted = append(wanted, runtime+"/bus")
	}
	for end := time.Now().Add(sessionTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !slices.ContainsFunc(wanted, func(path string) bool { return !exists(path) }) {
			return nil
		}
	}
	return errors.New("no systemd of the user's own has come up")
}

// group opens the cgroup that programs of a user begin in: below the user's systemd, which may then move them, as it
// must for rootless containers; everything else in one of ours, so that it can be frozen at once. Nil where there is none.
func group(who account) *os.File {
	if !exists(cgroups + "/cgroup.procs") {
		return nil
	}
	number := strconv.FormatUint(uint64(who.uid), 10)
	manager := filepath.Join(cgroups, "user.slice", "user-"+number+".slice", "user@"+number+".service")
	path := cgroups + "/labyard"
	if who.uid != 0 && exists(manager) {
		path = manager + "/labyard"
	}
	if err := os.Mkdir(path, 0o755); err == nil && who.uid != 0 {
		for _, file := range []string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"} {
			_ = os.Chown(path+file, int(who.uid), int(who.gid))
		}
	}
	folder, err := os.Open(path)
	if err != nil {
		return nil
	}
	return folder
}

// place lets a command begin in a cgroup; nil: in ours.
func place(attributes *syscall.SysProcAttr, folder *os.File) {
	if folder != nil {
		attributes.UseCgroupFD, attributes.CgroupFD = true, int(folder.Fd())
	}
}
