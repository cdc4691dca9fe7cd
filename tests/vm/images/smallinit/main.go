// A first process for tests: loads the listed modules, mounts the root disk, says what it saw, and hands over.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

func must(what string, err error) {
	if err != nil {
		fmt.Println("SMALLINIT FAILED", what, err)
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
}

func insert(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	empty := []byte{0}
	_, _, code := syscall.Syscall(syscall.SYS_INIT_MODULE, uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), uintptr(unsafe.Pointer(&empty[0])))
	if code != 0 {
		return code
	}
	return nil
}

// grow makes the root file system as large as its disk, online, as examiners do (EXT4_IOC_RESIZE_FS).
func grow() {
	text, err := os.ReadFile("/sys/block/vda/size")
	must("size", err)
	sectors, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	must("size", err)
	root, err := os.Open("/root")
	must("open", err)
	defer root.Close()
	blocks := sectors / 8
	_, _, code := syscall.Syscall(syscall.SYS_IOCTL, root.Fd(), 0x40086610, uintptr(unsafe.Pointer(&blocks)))
	if code != 0 {
		must("grow", code)
	}
	var info syscall.Statfs_t
	must("statfs", syscall.Statfs("/root", &info))
	fmt.Println("SMALLINIT GREW", info.Blocks*uint64(info.Bsize)>>30)
}

func main() {
	must("proc", syscall.Mount("proc", "/proc", "proc", 0, ""))
	must("sys", syscall.Mount("sysfs", "/sys", "sysfs", 0, ""))
	must("dev", syscall.Mount("dev", "/dev", "devtmpfs", 0, ""))
	if console, err := os.OpenFile("/dev/console", os.O_RDWR, 0); err == nil {
		for fd := 0; fd < 3; fd++ {
			_ = syscall.Dup2(int(console.Fd()), fd)
		}
	}
	list, err := os.ReadFile("/labyard/modules.list")
	must("modules.list", err)
	for _, path := range strings.Fields(string(list)) {
		must(path, insert(path))
	}
	fmt.Println("SMALLINIT MODULES", len(strings.Fields(string(list))))
	must("mkdir", os.MkdirAll("/root", 0o755))
	must("root", syscall.Mount("/dev/vda", "/root", "ext4", 0, ""))
	var name syscall.Utsname
	must("uname", syscall.Uname(&name))
	release := ""
	for _, char := range name.Release {
		if char != 0 {
			release += string(rune(char))
		}
	}
	_, err = os.Stat("/root/lib/modules/" + release + "/modules.dep")
	must("modules of "+release, err)
	grow()
	interfaces, _ := os.ReadDir("/sys/class/net")
	ports, _ := os.ReadDir("/sys/class/virtio-ports")
	fmt.Println("SMALLINIT READY", release, len(interfaces), len(ports))
	command, _ := os.ReadFile("/proc/cmdline")
	if !strings.Contains(string(command), "handover") {
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
	for _, place := range []string{"dev", "proc", "sys"} {
		must(place, syscall.Mount("/"+place, "/root/"+place, "", syscall.MS_MOVE, ""))
	}
	must("chdir", os.Chdir("/root"))
	must("move", syscall.Mount(".", "/", "", syscall.MS_MOVE, ""))
	must("chroot", syscall.Chroot("."))
	must("init", syscall.Exec("/sbin/init", []string{"/sbin/init"}, []string{"container=", "TERM=linux"}))
}
