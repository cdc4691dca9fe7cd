package agent

import (
	"os"
	"time"
)

// waitReady returns once users can log in. It only looks at files: asking systemd costs a lot under emulation.
func waitReady(init string) {
	for !isReady(init) {
		time.Sleep(50 * time.Millisecond)
	}
}

func isReady(init string) bool {
	switch init {
	case "systemd":
		return systemdReady()
	case "openrc":
		_, err := os.Stat("/run/openrc/softlevel")
		return err == nil && !exists("/run/openrc/rc.starting") && !exists("/run/nologin")
	default:
		return true
	}
}

// systemdReady: systemd-user-sessions has run (it takes /run/nologin away), and logind has its seat.
func systemdReady() bool {
	const units = "/run/systemd/units/invocation:"
	if exists("/run/nologin") {
		return false
	}
	if !hasUnit("systemd-user-sessions.service") {
		return exists("/run/systemd/system") && exists("/run/systemd/units/invocation:systemd-journald.service")
	}
	if !exists(units + "systemd-user-sessions.service") {
		return false
	}
	return !hasUnit("systemd-logind.service") || !hasUnit("dbus.socket") || exists("/run/systemd/seats/seat0")
}

func hasUnit(name string) bool {
	for _, folder := range []string{"/etc/systemd/system/", "/lib/systemd/system/", "/usr/lib/systemd/system/"} {
		if target, err := os.Readlink(folder + name); err == nil && target == "/dev/null" {
			return false
		}
		if _, err := os.Stat(folder + name); err == nil {
			return true
		}
	}
	return false
}
