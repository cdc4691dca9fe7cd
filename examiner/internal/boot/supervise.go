package boot

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"labyard/examiner/internal/agent"
)

// stopWait is how long programs may take to end after SIGTERM when the machine is ended.
const stopWait = 3 * time.Second

// supervise is process 1 of an image without init: it keeps an agent running, reaps, and ends the machine when asked.
// Its signals are busybox's, so that the image's own poweroff and reboot work.
func supervise(settings *agent.Settings) {
	for _, m := range []mount{
		{"devpts", "/dev/pts", "devpts", syscall.MS_NOSUID | syscall.MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
		{"tmpfs", "/dev/shm", "tmpfs", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=1777"},
		{"cgroup2", "/sys/fs/cgroup", "cgroup2", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	} {
		if err := m.do(); err != nil {
			settings.Warnings = append(settings.Warnings, err.Error())
		}
	}
	if err := save(settings); err != nil {
		say("settings: %v", err)
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM, syscall.SIGINT, syscall.SIGPWR)
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_CAD_OFF) // ctrl-alt-del becomes our SIGINT
	process := keepAgent(nil)
	for {
		switch <-signals {
		case syscall.SIGCHLD:
			if reap(process) {
				process = keepAgent(process)
			}
		case syscall.SIGTERM, syscall.SIGINT:
			shutDown("reboot")
		default:
			shutDown("off")
		}
	}
}

func keepAgent(before *os.Process) *os.Process {
	if before != nil {
		time.Sleep(50 * time.Millisecond) // one that cannot live must not keep the machine busy
	}
	process, err := startAgent()
	if err != nil {
		say("agent: %v", err)
		return nil
	}
	return process
}

// reap takes every dead child; true when the agent was among them.
func reap(agent *os.Process) bool {
	gone := agent == nil
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return gone
		}
		if agent != nil && pid == agent.Pid {
			gone = true
		}
	}
}

// shutDown asks every process to end, insists, and ends the machine.
func shutDown(action string) {
	say("%s", action)
	_ = syscall.Kill(-1, syscall.SIGTERM)
	_ = syscall.Kill(-1, syscall.SIGCONT)
	for end := time.Now().Add(stopWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if reap(nil); agent.Programs() == 0 {
			break
		}
	}
	_ = syscall.Kill(-1, syscall.SIGKILL)
	syscall.Sync()
	agent.Halt(action)
	os.Exit(1)
}
