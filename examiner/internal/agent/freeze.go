package agent

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/sys"
)

const (
	cgroups       = "/sys/fs/cgroup"
	freezeTimeout = 5 * time.Second
	// kernelThreads lists the children of kthreadd: kernel threads, and nothing that a user could make (proc_pid_children(5)).
	kernelThreads = "/proc/2/task/2/children"
	kernelThread  = 0x00200000 // PF_KTHREAD in the flags of /proc/PID/stat, include/linux/sched.h
)

// ice is what stands still now, so that exactly that is set going again.
type ice struct {
	mu     sync.Mutex
	groups []string
	// open are the cgroups that were left out: they hold us, the init, or what the kernel keeps at the root.
	open    []string
	stopped []int
	// dry: all is gone through, and nothing stands still.
	dry bool
	// all is set while everything stands still; it is read without the lock.
	all atomic.Bool
}

type freezeCall struct {
	// Rehearse has an emulator translate what a freeze runs, while nothing stands still for it.
	Rehearse bool `json:"rehearse"`
}

// freeze lets every process but this one and the init stand still: whole cgroups where they are, one by one elsewhere.
func (a *Agent) freeze(call freezeCall) (any, error) {
	a.ice.mu.Lock()
	defer a.ice.mu.Unlock()
	if a.settings.Init == "none" {
		return nil, &link.Refusal{Code: "not-built", Message: "this examiner is not in a machine"}
	}
	if len(a.ice.groups)+len(a.ice.stopped) > 0 { // asked again
		return a.ice.report(), nil
	}
	a.ice.dry = call.Rehearse
	if a.ice.dry {
		defer a.ice.thaw()
	}
	a.ice.freezeGroups(cgroups, ownGroup(os.Getpid()), ownGroup(1))
	if err := a.ice.awaitGroups(); err != nil {
		a.ice.thaw()
		return nil, err
	}
	// One that was told to stop in the middle of a fork ends that first: its child is found once it really stands.
	for end := time.Now().Add(freezeTimeout); a.ice.stopRest() > 0 || !a.ice.stands(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(end) {
			a.ice.thaw()
			return nil, &link.Refusal{Code: "not-frozen", Message: "some processes do not stand still"}
		}
	}
	a.ice.all.Store(!a.ice.dry)
	return a.ice.report(), nil
}

// thaw undoes freeze.
func (a *Agent) thaw() (any, error) {
	a.ice.mu.Lock()
	defer a.ice.mu.Unlock()
	report := a.ice.report()
	a.ice.thaw()
	return report, nil
}

func (i *ice) report() map[string]any {
	return map[string]any{"groups": len(i.groups), "processes": len(i.stopped)}
}

// freezeGroups freezes every cgroup below folder that holds neither us nor the init.
func (i *ice) freezeGroups(folder, own, init string) {
	i.open = append(i.open, folder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	value := "1"
	if i.dry {
		value = "0"
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if !entry.IsDir() {
			continue
		}
		if holds(path, own) || holds(path, init) {
			i.freezeGroups(path, own, init)
		} else if os.WriteFile(path+"/cgroup.freeze", []byte(value), 0) == nil {
			i.groups = append(i.groups, path)
		}
	}
}

// holds tells whether a group is in the folder of another.
func holds(folder, group string) bool { return strings.HasPrefix(cgroups+group+"/", folder+"/") }

// ownGroup is the cgroup (version 2) of a process, as a path that begins with a slash.
func ownGroup(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	for _, line := range strings.Split(string(text), "\n") {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(path, "/")
		}
	}
	return ""
}

func (i *ice) awaitGroups() error {
	for _, group := range i.groups {
		for end := time.Now().Add(freezeTimeout); ; time.Sleep(time.Millisecond) {
			events, err := os.ReadFile(group + "/cgroup.events")
			if err != nil || i.dry || strings.Contains(string(events), "frozen 1") {
				break
			}
			if time.Now().After(end) {
				return &link.Refusal{Code: "not-frozen", Message: "processes of " + group + " do not stand still"}
			}
		}
	}
	return nil
}

// stopRest stops what is in no frozen group; parents first, so that no shell sees its child stopped. Returns how many.
func (i *ice) stopRest() int {
	pids := i.unfrozen()
	slices.Sort(pids)
	found := 0
	for _, pid := range pids {
		if pid <= 1 || pid == os.Getpid() || slices.Contains(i.stopped, pid) {
			continue
		}
		if fields := stat(pid); !isProgram(fields) || strings.Contains("Tt", fields[0]) || i.isFrozen(ownGroup(pid)) {
			continue
		}
		if !i.dry && syscall.Kill(pid, syscall.SIGSTOP) == nil {
			i.stopped = append(i.stopped, pid)
			found++
		}
	}
	return found
}

// unfrozen lists the processes that no frozen group holds, without most of the kernel's threads: to look at each of those
// would take longer than all the rest of a snapshot. Where groups or threads cannot be listed it is every process.
func (i *ice) unfrozen() []int {
	var pids []int
	for _, group := range i.open {
		text, err := os.ReadFile(group + "/cgroup.procs")
		if err != nil {
			return processes()
		}
		pids = append(pids, numbers(text)...)
	}
	threads, _ := os.ReadFile(kernelThreads)
	known := map[int]bool{}
	for _, pid := range numbers(threads) {
		known[pid] = true
	}
	return slices.DeleteFunc(pids, func(pid int) bool { return known[pid] })
}

func numbers(text []byte) []int {
	var found []int
	for _, word := range strings.Fields(string(text)) {
		if number, err := strconv.Atoi(word); err == nil {
			found = append(found, number)
		}
	}
	return found
}

// stands tells whether all that were told to stop have, with every thread.
func (i *ice) stands() bool {
	for _, pid := range i.stopped {
		fields := stat(pid)
		if len(fields) > 17 && fields[17] != "1" { // num_threads, proc_pid_stat(5)
			for _, thread := range threads(pid) {
				if !standsStill(thread) {
					return false
				}
			}
		} else if !standsStill(fields) {
			return false
		}
	}
	return true
}

// standsStill judges by the state in the fields of a stat file; who is gone stands still, too.
func standsStill(fields []string) bool {
	return len(fields) == 0 || strings.Contains("TtZX", fields[0])
}

// threads are the fields of the stat files of a process's threads.
func threads(pid int) [][]string {
	folder := "/proc/" + strconv.Itoa(pid) + "/task/"
	entries, _ := os.ReadDir(folder)
	var found [][]string
	for _, entry := range entries {
		found = append(found, statFields(folder+entry.Name()+"/stat"))
	}
	return found
}

// isProgram tells living programs from kernel threads and from the dead, by their fields of /proc/PID/stat.
func isProgram(fields []string) bool {
	if len(fields) < 7 || strings.Contains("ZX", fields[0]) {
		return false
	}
	flags, err := strconv.ParseUint(fields[6], 10, 64)
	return err == nil && flags&kernelThread == 0
}

// Programs counts the living programs besides this one.
func Programs() int {
	count := 0
	for _, pid := range processes() {
		if pid != os.Getpid() && isProgram(stat(pid)) {
			count++
		}
	}
	return count
}

func (i *ice) isFrozen(group string) bool {
	return slices.ContainsFunc(i.groups, func(frozen string) bool { return holds(frozen, group) })
}

func (i *ice) thaw() {
	for _, pid := range slices.Backward(i.stopped) {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	for _, group := range slices.Backward(i.groups) {
		_ = os.WriteFile(group+"/cgroup.freeze", []byte("0"), 0)
	}
	i.stopped, i.groups, i.open = nil, nil, nil
	i.all.Store(false)
}

type wakeCall struct {
	Entropy string `json:"entropy"`
	// SetNs is the time it is now, in nanoseconds since 1970.
	SetNs int64 `json:"set_ns"`
}

func (a *Agent) wake(call wakeCall) (any, error) {
	return map[string]any{}, a.wakeBy(call.Entropy, strconv.FormatInt(call.SetNs, 10))
}

// wakeBy lets a machine that was made from a snapshot go on as one of its own: nothing runs before the kernel's random
// numbers are its own and the time is right.
func (a *Agent) wakeBy(entropy, nanoseconds string) error {
	if _, err := reseed(reseedCall{entropy}); err != nil {
		return err
	}
	now, err := strconv.ParseInt(nanoseconds, 10, 64)
	if err != nil || now <= 0 {
		return &link.Refusal{Code: "bad-request", Message: "no such time"}
	}
	value := syscall.NsecToTimeval(now)
	if err := syscall.Settimeofday(&value); err != nil {
		return err
	}
	a.ice.mu.Lock()
	defer a.ice.mu.Unlock()
	a.ice.thaw()
	return nil
}

type reseedCall struct {
	// Entropy is base64 of random bytes made by the host.
	Entropy string `json:"entropy"`
}

const leastEntropy = 32

// reseed stirs the host's entropy in and makes the kernel use it at once.
func reseed(call reseedCall) (any, error) {
	entropy, err := base64.StdEncoding.DecodeString(call.Entropy)
	if err != nil || len(entropy) < leastEntropy || len(entropy) > 4096 {
		return nil, &link.Refusal{Code: "bad-request", Message: "reseed needs 32 to 4096 bytes of entropy, in base64"}
	}
	if err := sys.Reseed(entropy); err != nil {
		return nil, err
	}
	return map[string]any{}, nil
}
