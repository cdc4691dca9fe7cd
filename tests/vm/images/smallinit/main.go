// A first process for tests: loads the listed modules, mounts the root disk, says what it saw, and hands over.
package main

import (
	"fmt"
	"os"
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
