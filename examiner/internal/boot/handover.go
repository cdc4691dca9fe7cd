package boot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"labyard/examiner/internal/agent"
)

// inits are looked for in this order; the first word is what the agent calls it.
var inits = []struct{ kind, path string }{
	{"systemd", "/lib/systemd/systemd"},
	{"systemd", "/usr/lib/systemd/systemd"},
	{"openrc", "/sbin/openrc-init"},
}

// chooseInit says who will be process 1: systemd, openrc, other or examiner.
func chooseInit(wanted string) (string, error) {
	if wanted == "examiner" {
		return "examiner", nil
	}
	for _, init := range inits {
		if runnable(init.path) {
			return init.kind, nil
		}
	}
	if runnable("/sbin/openrc") && runnable("/sbin/init") {
		return "openrc", nil // Alpine: busybox's init starts OpenRC
	}
	if wanted == "auto" {
		return "examiner", nil
	}
	if runnable("/sbin/init") {
		return "other", nil
	}
	return "", errors.New("init is \"image\", but this image has none")
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func initPath(kind string) string {
	for _, init := range inits {
		if init.kind == kind && runnable(init.path) {
			return init.path
		}
	}
	return "/sbin/init"
}

// handOver leaves an agent behind and becomes the image's init. It only returns when that failed.
func handOver(config *Config, settings *agent.Settings) error {
	if err := save(settings); err != nil {
		return err
	}
	if settings.Init == "systemd" {
		if err := plantUnits(); err != nil {
			say("units: %v", err)
		}
	}
	if _, err := startAgent(); err != nil {
		return err
	}
	path := initPath(settings.Init)
	environment := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "TERM=linux"}
	return fmt.Errorf("start %s: %w", path, syscall.Exec(path, []string{path}, environment))
}

// startAgent runs the agent. Systemd's last round of killing spares programs whose name begins with @.
func startAgent() (*os.Process, error) {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		log = null
	} else {
		defer log.Close()
	}
	command := &exec.Cmd{
		Path: Program, Args: []string{"@labyard-examiner", "agent"}, Dir: "/", Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		Stdin: null, Stdout: log, Stderr: log, SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	return command.Process, nil
}

const unit = `[Unit]
Description=Labyard examiner
DefaultDependencies=no
IgnoreOnIsolate=yes
StartLimitIntervalSec=0

[Service]
ExecStart=@/run/labyard/examiner @labyard-examiner agent
Restart=always
RestartSec=100ms
OOMScoreAdjust=-1000
KillMode=process
TasksMax=infinity
LimitNOFILE=65536
`

const sessionUnit = `[Unit]
Description=Session of %i for programs that the lab starts
After=systemd-user-sessions.service

[Service]
User=%i
PAMName=login
Type=simple
ExecStart=/bin/sleep infinity
`

// plantUnits puts a second examiner under systemd's care: it waits, and takes over when the first one was killed.
func plantUnits() error {
	const folder = "/run/systemd/system"
	if err := os.MkdirAll(folder+"/sysinit.target.wants", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(folder+"/labyard-examiner.service", []byte(unit), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(folder+"/labyard-session@.service", []byte(sessionUnit), 0o644); err != nil {
		return err
	}
	_ = os.Symlink("/dev/null", folder+"/examiner.service") // images made for other platforms bring one
	link := folder + "/sysinit.target.wants/labyard-examiner.service"
	if err := os.Symlink("../labyard-examiner.service", link); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}
