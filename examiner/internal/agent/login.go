package agent

import (
	"os"
	"path/filepath"
	"time"
)

// noLoginWait is how long a terminal waits for an init that does not let users in yet.
const noLoginWait = 30 * time.Second

// login begins a session of a user on a new pty: through the image's own login where it has PAM, else as login would.
func (a *Agent) login(who account, cols, rows uint16) (*os.File, *program, error) {
	argv := []string{who.shell}
	by := who
	if program := loginProgram(); program != "" && os.Geteuid() == 0 && a.settings.Init != "none" {
		argv, by = []string{program, "-f", who.name}, account{name: "root", home: "/", shell: anyShell(), groups: []uint32{0}}
		if who.uid != 0 {
			waitLogin()
		}
	}
	command, err := a.prepare(by, argv, nil, "")
	if err != nil {
		return nil, nil, err
	}
	if by.name == who.name && len(argv) == 1 {
		command.Args[0] = "-" + filepath.Base(who.shell)
	}
	command.Env = append(command.Env, "TERM=xterm-256color", "COLORTERM=truecolor")
	master, slave, err := openTerminal(cols, rows)
	if err != nil {
		return nil, nil, err
	}
	defer slave.Close()
	own(slave, command)
	program, err := a.start(by, command)
	if err != nil {
		master.Close()
		return nil, nil, err
	}
	return master, program, nil
}

// loginProgram is the image's login if it speaks PAM; without, it would only be a longer way to a shell.
func loginProgram() string {
	if _, err := os.Stat("/etc/pam.d/login"); err != nil {
		return ""
	}
	for _, path := range []string{"/bin/login", "/usr/bin/login"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func waitLogin() {
	for end := time.Now().Add(noLoginWait); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if !exists("/run/nologin") {
			return
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
