package agent

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	cages = cgroups + "/labyard-tasks"
	// cagePids is how many processes and threads a check may have at once.
	cagePids = 256
	// cagesWeight is the share of the processors that all checks together get beside each other group (cgroup-v2: cpu.weight,
	// 100 by default): however many programs they start, a terminal is served.
	cagesWeight = 50
	cageWait    = time.Second
)

// cage is a cgroup for one task: whatever its scripts leave behind ends with each of them, and it cannot flood the machine.
type cage struct {
	path   string
	folder *os.File
	// procs lists what is in it.
	procs *os.File
}

// newCage makes it; nil where there are no cgroups of version 2.
func newCage(number int) *cage {
	if !exists(cgroups + "/cgroup.procs") {
		return nil
	}
	_ = os.Mkdir(cages, 0o755)
	for _, group := range []string{cgroups, cages} {
		for _, controller := range []string{"+pids", "+cpu"} { // one that is not there does not keep the other away
			_ = os.WriteFile(group+"/cgroup.subtree_control", []byte(controller), 0)
		}
	}
	_ = os.WriteFile(cages+"/cpu.weight", []byte(strconv.Itoa(cagesWeight)), 0)
	path := cages + "/" + strconv.Itoa(number)
	if err := os.Mkdir(path, 0o755); err != nil && !os.IsExist(err) {
		return nil
	}
	_ = os.WriteFile(path+"/pids.max", []byte(strconv.Itoa(cagePids)), 0)
	folder, err := os.Open(path)
	if err != nil {
		return nil
	}
	procs, err := os.Open(path + "/cgroup.procs")
	if err != nil {
		folder.Close()
		return nil
	}
	return &cage{path, folder, procs}
}

// empty ends all that is in it, and returns when nothing is.
func (c *cage) empty() {
	if c == nil {
		return
	}
	for end := time.Now().Add(cageWait); c.populated() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		_ = os.WriteFile(c.path+"/cgroup.kill", []byte("1"), 0)
	}
}

func (c *cage) populated() bool {
	events, err := os.ReadFile(c.path + "/cgroup.events")
	return err == nil && strings.Contains(string(events), "populated 1")
}

func (c *cage) remove() {
	if c != nil {
		c.empty()
		c.folder.Close()
		c.procs.Close()
		_ = os.Remove(c.path)
	}
}

// holdsMoreThan so many processes.
func (c *cage) holdsMoreThan(count int) bool {
	if c == nil {
		return false
	}
	var text [256]byte
	n, _ := c.procs.ReadAt(text[:], 0)
	return bytes.Count(text[:n], []byte("\n")) > count
}
