package boot

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// stateFolder remembers, in the root file system, what must happen only once in a play's life.
const stateFolder = "/var/lib/labyard"

// writeFiles prepares the root file system. It runs inside of it (chroot), so no link of an image leads out.
func (b *boot) writeFiles() {
	if b.config.Root().ReadOnly {
		b.setHostname()
		return
	}
	b.try("hosts", updateHosts("/etc/hosts", b.config.Hosts))
	b.try("units", maskForeign())
	if b.config.FirstBoot && !present(stateFolder+"/prepared") {
		b.writeOnce()
	}
	b.setHostname()
	b.try("machine-id", makeMachineID("/etc/machine-id"))
}

func (b *boot) writeOnce() {
	b.try("hostname", replaceFile("/etc/hostname", []byte(b.config.Hostname+"\n"), 0o644, 0, 0))
	if len(b.config.Resolv) > 0 {
		b.try("resolv.conf", replaceFile("/etc/resolv.conf", resolvText(b.config.Resolv), 0o644, 0, 0))
	}
	b.try("fstab", addToFstab("/etc/fstab", b.config.Drives))
	for _, user := range b.config.Users {
		b.try("user "+user.Name, ensureUser(user.Name))
	}
	for _, file := range b.config.StartupFiles {
		b.try("startup file "+file.Path, writeStartupFile(file))
	}
	for _, user := range b.config.Users {
		if user.Welcome != "" {
			b.try("welcome of "+user.Name, writeWelcome(user))
		}
	}
	b.try("ssh host keys", makeHostKeys())
	b.try("state", rememberPrepared())
}

func rememberPrepared() error {
	if err := os.MkdirAll(stateFolder, 0o700); err != nil {
		return err
	}
	return replaceFile(stateFolder+"/prepared", []byte("1\n"), 0o600, 0, 0)
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// replaceFile writes a file in one step, in place of whatever was there, links included. Folders are made.
func replaceFile(path string, content []byte, mode os.FileMode, uid, gid int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".labyard-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Chown(uid, gid); err != nil {
		return err
	}
	if err := syscall.Fchmod(int(file.Fd()), uint32(mode)); err != nil { // set-uid bits as numbers, not as Go's flags
		return err
	}
	return os.Rename(file.Name(), path)
}

const (
	hostsBegin = "# labyard: machines of this play"
	hostsEnd   = "# labyard: end"
)

// updateHosts keeps our lines in a block of their own and leaves all others alone.
func updateHosts(path string, hosts []Host) error {
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	after := hostsText(string(before), hosts)
	if after == string(before) {
		return nil
	}
	return replaceFile(path, []byte(after), 0o644, 0, 0)
}

func hostsText(before string, hosts []Host) string {
	var kept []string
	inside, local := false, false
	for _, line := range strings.Split(strings.TrimRight(before, "\n"), "\n") {
		switch {
		case line == hostsBegin:
			inside = true
		case line == hostsEnd && inside:
			inside = false
		case !inside:
			kept = append(kept, line)
			local = local || strings.Contains(line, "localhost")
		}
	}
	text := strings.TrimLeft(strings.Join(kept, "\n")+"\n", "\n")
	if !local {
		text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" + text
	}
	if len(hosts) == 0 {
		return text
	}
	text += hostsBegin + "\n"
	for _, host := range hosts {
		text += host.Address + " " + strings.Join(host.Names, " ") + "\n"
	}
	return text + hostsEnd + "\n"
}

func resolvText(servers []string) []byte {
	text := ""
	for _, server := range servers {
		text += "nameserver " + server + "\n"
	}
	return []byte(text)
}

// addToFstab names the drives that the file does not know yet.
func addToFstab(path string, drives []Drive) error {
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	after := fstabText(string(before), drives)
	if after == string(before) {
		return nil
	}
	return replaceFile(path, []byte(after), 0o644, 0, 0)
}

func fstabText(before string, drives []Drive) string {
	text := before
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for _, drive := range drives {
		if drive.Mount == "" || drive.Mount == "/" || drive.Filesystem == "" || mentions(before, "/dev/"+drive.Device, drive.Mount) {
			continue
		}
		options := "defaults,nofail"
		if drive.ReadOnly {
			options = "ro,nofail"
		}
		where := strings.NewReplacer(" ", `\040`, "\t", `\011`).Replace(drive.Mount)
		text += fmt.Sprintf("/dev/%s %s %s %s 0 0\n", drive.Device, where, drive.Filesystem, options)
	}
	return text
}

func mentions(fstab, device, mountpoint string) bool {
	for _, line := range strings.Split(fstab, "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && (fields[0] == device || fields[1] == mountpoint) {
			return true
		}
	}
	return false
}

// setHostname takes what the root file system says: a learner may have changed it.
func (b *boot) setHostname() {
	name := b.config.Hostname
	if text, err := os.ReadFile("/etc/hostname"); err == nil {
		if first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n"); plain(first, 64) {
			name = first
		}
	}
	b.try("hostname", syscall.Sethostname([]byte(name)))
}

// makeMachineID fills an empty machine-id, so that a machine keeps its own over reboots. Images without the file get none.
func makeMachineID(path string) error {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) && !present("/etc/systemd") {
		return nil
	}
	if id := strings.TrimSpace(string(text)); id != "" && id != "uninitialized" {
		return nil
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80 // machine-id(5) asks for a version 4 UUID
	return replaceFile(path, []byte(hex.EncodeToString(random[:])+"\n"), 0o444, os.Geteuid(), os.Getegid())
}

// makeHostKeys gives sshd keys of its own: images must not bring any.
func makeHostKeys() error {
	keys, _ := filepath.Glob("/etc/ssh/ssh_host_*_key")
	if len(keys) > 0 || !runnable("/usr/bin/ssh-keygen") || !present("/etc/ssh/sshd_config") {
		return nil
	}
	// two kinds that are made in no time; an RSA key costs seconds under emulation
	for _, kind := range []string{"ed25519", "ecdsa"} {
		file := "/etc/ssh/ssh_host_" + kind + "_key"
		output, err := exec.Command("/usr/bin/ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ssh-keygen: %s", strings.TrimSpace(string(output)))
		}
	}
	return nil
}

// maskForeign keeps the agents of other platforms' images from running.
func maskForeign() error {
	for _, unit := range []string{"/etc/systemd/system/examiner.service", "/lib/systemd/system/examiner.service"} {
		if present(unit) {
			path := "/etc/systemd/system/examiner.service"
			if target, err := os.Readlink(path); err == nil && target == "/dev/null" {
				return nil
			}
			_ = os.Remove(path)
			return os.Symlink("/dev/null", path)
		}
	}
	return nil
}
