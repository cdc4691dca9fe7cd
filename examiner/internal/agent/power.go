package agent

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"labyard/examiner/internal/link"
)

type powerCall struct {
	Action string `json:"action"`
}

// Signals of process 1: systemd(1) for "systemd", and what busybox's poweroff and reboot send for ours.
var powerSignals = map[string]map[string]syscall.Signal{
	"systemd":  {"off": 34 + 4, "reboot": 34 + 5},
	"examiner": {"off": syscall.SIGUSR2, "reboot": syscall.SIGTERM},
}

// insist is how long the image's init may take before the machine is ended without it.
const insist = 90 * time.Second

// power ends the machine the way its init wants it.
func (a *Agent) power(call powerCall) (any, error) {
	if call.Action != "off" && call.Action != "reboot" {
		return nil, &link.Refusal{Code: "bad-request", Message: "power knows off and reboot"}
	}
	if a.settings.Init == "none" {
		return nil, &link.Refusal{Code: "not-built", Message: "this examiner is not in a machine"}
	}
	event := map[string]string{"off": "shutdown", "reboot": "reboot"}[call.Action]
	a.link.Event(map[string]any{"event": event})
	go a.end(call.Action)
	return map[string]any{}, nil
}

func (a *Agent) end(action string) {
	time.Sleep(20 * time.Millisecond) // the answer goes first
	if signal, ok := powerSignals[a.settings.Init][action]; ok {
		_ = syscall.Kill(1, signal)
	} else if a.settings.Failed == "" {
		name := map[string]string{"off": "poweroff", "reboot": "reboot"}[action]
		_ = exec.Command(name).Run()
	} else {
		Halt(action)
	}
	time.Sleep(insist)
	Halt(action)
}

// Halt ends the machine now: everything written reaches the drives, nothing is asked.
func Halt(action string) {
	syscall.Sync()
	_ = os.WriteFile("/proc/sysrq-trigger", []byte("u"), 0)
	syscall.Sync()
	command := syscall.LINUX_REBOOT_CMD_POWER_OFF
	if action == "reboot" {
		command = syscall.LINUX_REBOOT_CMD_RESTART
	}
	_ = syscall.Reboot(command)
}
