package boot

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"labyard/examiner/internal/agent"
	"labyard/examiner/internal/sys"
)

const (
	// Folder is ours in a running machine; it is on a tmpfs and so ends with the boot.
	Folder = "/run/labyard"
	// Program is where the binary goes on living when the initramfs is gone.
	Program = Folder + "/examiner"
	// Port is the name of our virtio-serial port.
	Port = "labyard.0"

	newRoot    = "/labyard/root"
	configFile = "/labyard/config.json"
	driveWait  = 15 * time.Second
)

// boot is one machine on its way up.
type boot struct {
	config   *Config
	settings agent.Settings
}

// Main is the life of the first process. It never returns to its caller with the machine alive and unserved.
func Main() {
	b := &boot{}
	if err := b.prepare(); err != nil {
		b.fail(err)
	}
	if b.settings.Init != "examiner" {
		b.fail(handOver(b.config, &b.settings))
	}
	supervise(&b.settings)
}

// prepare does all that comes before the init, in its order.
func (b *boot) prepare() error {
	if err := mountBasics(); err != nil {
		return err
	}
	oldRoot, err := os.Open("/")
	if err != nil {
		return err
	}
	defer oldRoot.Close()
	if err := loadListed("/labyard/modules.list"); err != nil {
		return err
	}
	b.stage("modules")
	if b.config, err = ReadConfig(configFile); err != nil {
		return err
	}
	b.settings.DefaultUser = b.config.DefaultUser()
	if err := installProgram(); err != nil {
		return err
	}
	b.try("network", configureNetwork(b.config.Interfaces))
	if err := b.mountRoot(); err != nil {
		return err
	}
	if err := switchRoot(); err != nil {
		return err
	}
	b.mountDrives()
	b.stage("drives")
	b.writeFiles()
	b.try("examinerctl", linkAsked())
	b.stage("files")
	emptyInitramfs(oldRoot)
	b.settings.Init, err = chooseInit(b.config.Init)
	if err != nil {
		return err
	}
	b.stage("init")
	return nil
}

func (b *boot) stage(name string) {
	at := agent.Uptime()
	b.settings.Stages = append(b.settings.Stages, agent.Stage{Name: name, At: at})
	say("%s at %.2f s", name, at)
}

// try notes what went wrong with a part that a machine can do without.
func (b *boot) try(what string, err error) {
	if err != nil {
		say("%s: %v", what, err)
		b.settings.Warnings = append(b.settings.Warnings, what+": "+err.Error())
	}
}

// fail serves the host from where we are, so that it learns why, and never returns.
func (b *boot) fail(err error) {
	say("the machine cannot boot: %v", err)
	b.settings.Failed = err.Error()
	b.settings.Folder, b.settings.Program = Folder, Program
	if b.settings.Init == "" {
		b.settings.Init = "none"
	}
	for {
		if path, err := sys.FindPort(Port); err == nil {
			if port, err := sys.OpenPort(path); err == nil {
				_ = agent.New(port, b.settings).Serve()
			}
		}
		time.Sleep(time.Second)
	}
}

// say writes to the kernel's log, which the serial console shows.
func say(format string, arguments ...any) {
	if file, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0); err == nil {
		fmt.Fprintf(file, "<5>labyard: "+format+"\n", arguments...)
		file.Close()
	}
}

type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func mountBasics() error {
	mounts := []mount{
		{"proc", "/proc", "proc", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
		{"sysfs", "/sys", "sysfs", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
		{"devtmpfs", "/dev", "devtmpfs", syscall.MS_NOSUID, "mode=0755"},
		{"tmpfs", "/run", "tmpfs", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=0755"},
	}
	for _, m := range mounts {
		if err := m.do(); err != nil {
			return err
		}
	}
	for link, target := range map[string]string{"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		_ = os.Symlink("/proc/self/"+target, "/dev/"+link)
	}
	return os.MkdirAll(Folder, 0o755)
}

// do mounts, unless that is there already.
func (m mount) do() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.data)
	if err != nil && err != syscall.EBUSY {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}

func installProgram() error {
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(Program, content, 0o755)
}

// linkAsked lets people call this binary examinerctl. Images made for other platforms bring one that nobody answers here.
func linkAsked() error {
	const path = "/usr/local/bin/examinerctl"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	_ = os.Remove(path)
	return os.Symlink(Program, path)
}

func (b *boot) mountRoot() error {
	drive := b.config.Root()
	device := "/dev/" + drive.Device
	if err := waitFor(device, driveWait); err != nil {
		return err
	}
	flags := uintptr(0)
	if drive.ReadOnly {
		flags = syscall.MS_RDONLY
	}
	kind := drive.Filesystem
	if kind == "" {
		kind = "ext4"
	}
	root := mount{device, newRoot, kind, flags, ""}
	if err := root.do(); err != nil {
		return err
	}
	if drive.Grow && !drive.ReadOnly {
		b.try("grow "+drive.Device, grow(device, newRoot, kind))
	}
	return nil
}

func waitFor(device string, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(device); err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s did not appear within %s", device, limit)
		}
	}
}

// switchRoot makes the mounted drive the root of everything that is started from here on.
func switchRoot() error {
	for _, folder := range []string{"/proc", "/sys", "/dev", "/run"} {
		target := newRoot + folder
		if err := os.MkdirAll(target, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
		if err := syscall.Mount(folder, target, "", syscall.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", folder, err)
		}
	}
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := syscall.Mount(".", "/", "", syscall.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := syscall.Chroot("."); err != nil {
		return err
	}
	return os.Chdir("/")
}

// emptyInitramfs gives back the memory of what was unpacked by the kernel. Mounts under it are not entered.
func emptyInitramfs(root *os.File) {
	_ = syscall.Fchdir(int(root.Fd()))
	defer os.Chdir("/")
	for _, name := range []string{"init", "labyard/config.json"} {
		_ = os.Remove(name)
	}
	_ = filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.Contains(entry.Name(), ".ko") {
			_ = os.Remove(path)
		}
		return nil
	})
}

// save leaves for the agent what it has to know.
func save(settings *agent.Settings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return os.WriteFile(Folder+"/settings.json", text, 0o600)
}

// Load reads what save wrote.
func Load() (agent.Settings, error) {
	settings := agent.Settings{Folder: Folder, Program: Program}
	text, err := os.ReadFile(Folder + "/settings.json")
	if err == nil {
		err = json.Unmarshal(text, &settings)
	}
	return settings, err
}
