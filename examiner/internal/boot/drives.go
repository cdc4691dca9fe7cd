package boot

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"labyard/examiner/internal/sys"
)

// grow makes a mounted file system as large as its drive.
func grow(device, at, kind string) error {
	size, err := sys.DeviceSize(device)
	if err != nil {
		return err
	}
	switch kind {
	case "ext4", "ext3", "ext2":
		return sys.GrowExt4(at, size)
	case "xfs":
		return sys.GrowXFS(at, size)
	case "btrfs":
		return sys.GrowBtrfs(at)
	}
	return nil
}

// mountDrives mounts all but the root. A drive that its owner has changed since must not keep the machine from booting.
func (b *boot) mountDrives() {
	for _, drive := range b.config.Drives {
		if drive.Mount == "/" || drive.Filesystem == "" || drive.Mount == "" {
			b.try(drive.Device, waitFor("/dev/"+drive.Device, driveWait))
			continue
		}
		if err := mountDrive(drive); err != nil {
			b.try("mount "+drive.Device, err)
		}
	}
}

func mountDrive(drive Drive) error {
	device := "/dev/" + drive.Device
	if err := waitFor(device, driveWait); err != nil {
		return err
	}
	if !knows(drive.Filesystem) {
		if err := loadNamed(drive.Filesystem); err != nil {
			return err
		}
	}
	flags := uintptr(0)
	if drive.ReadOnly {
		flags = syscall.MS_RDONLY
	}
	m := mount{device, drive.Mount, drive.Filesystem, flags, ""}
	if err := m.do(); err != nil {
		return err
	}
	if drive.Grow && !drive.ReadOnly {
		return grow(device, drive.Mount, drive.Filesystem)
	}
	return nil
}

// knows: the kernel can mount this kind already.
func knows(kind string) bool {
	text, _ := os.ReadFile("/proc/filesystems")
	for _, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(strings.TrimPrefix(line, "nodev")) == kind {
			return true
		}
	}
	return false
}

// loadNamed loads a module of the root file system with all it needs: by itself, or by the image's modprobe.
func loadNamed(name string) error {
	err := loadFromTree("/lib/modules/"+release(), name)
	if err == nil {
		return nil
	}
	for _, modprobe := range []string{"/sbin/modprobe", "/usr/sbin/modprobe"} {
		if runnable(modprobe) {
			if output, failed := exec.Command(modprobe, name).CombinedOutput(); failed != nil {
				return fmt.Errorf("modprobe %s: %s", name, strings.TrimSpace(string(output)))
			}
			return nil
		}
	}
	return err
}

func release() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}
