package ports

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"labyard/examiner/internal/sys"
)

// roleKey names what a copy of this test program does: "machine" runs the tests in a network of its own, and an address listens there.
const roleKey = "PORTS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleKey); role {
	case "":
		os.Exit(inMachine())
	case "machine":
		upLoopback()
		os.Exit(m.Run())
	default:
		upLoopback()
		serve(role)
	}
}

// inMachine runs all tests in a network namespace: with a user namespace around it where we are not root.
func inMachine() int {
	command := copyOf("machine", os.Args[1:]...)
	if os.Getuid() != 0 {
		root := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = root
	}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "in a network namespace:", err)
		return 1
	}
	return 0
}

func copyOf(role string, args ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", args...)
	command.Env = append(os.Environ(), roleKey+"="+role)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return command
}

func upLoopback() {
	netlink, err := sys.OpenNetlink()
	if err == nil {
		defer netlink.Close()
		err = netlink.Up(1, true)
	}
	if err != nil {
		panic(err)
	}
}

// serve greets everybody with its process number, until its stdin ends.
func serve(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	go greet(listener, strconv.Itoa(os.Getpid()))
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func greet(listener net.Listener, word string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(connection, word)
		connection.Close()
	}
}

// elsewhere starts a server in another network; its process number.
func elsewhere(t *testing.T, address string, flags uintptr) (int, func()) {
	t.Helper()
	command := copyOf(address)
	command.SysProcAttr.Cloneflags |= flags
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(stdout).ReadString('\n'); said != "ready\n" {
		t.Fatal(said, err)
	}
	var once sync.Once
	end := func() { once.Do(func() { stdin.Close(); _ = command.Wait() }) }
	t.Cleanup(end)
	forget()
	return command.Process.Pid, end
}

// forget lets the next look be a new one.
func forget() {
	around.mu.Lock()
	defer around.mu.Unlock()
	around.at = time.Time{}
}

func dialled(t *testing.T, port uint16) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	connection, err := Dial(ctx, port)
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	if half, ok := connection.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		t.Error("one half cannot be ended")
	}
	told, err := io.ReadAll(connection)
	if err != nil {
		t.Error(err)
	}
	return string(told)
}

func listed(port uint16) *Listener {
	for _, each := range List() {
		if each.Port == port {
			return &each
		}
	}
	return nil
}

func TestAnAddressOfTheMachine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.2:7001")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go greet(listener, "here")
	forget()
	if told := dialled(t, 7001); told != "here" {
		t.Error(told)
	}
	told := listed(7001)
	if told == nil || told.At != AtAddress || told.Address != "127.0.0.2" || told.Pid != os.Getpid() || told.Program == "" || told.Container {
		t.Errorf("%+v", told)
	}
}

func TestAnotherNetwork(t *testing.T) {
	for _, address := range []string{"0.0.0.0:7002", "127.0.0.1:7002", "127.0.0.9:7002", "[::]:7002", "[::1]:7002"} {
		pid, end := elsewhere(t, address, 0)
		if told := dialled(t, 7002); told != strconv.Itoa(pid) {
			t.Error(address, told)
		}
		told := listed(7002)
		if told == nil || told.At != InNetwork || told.Pid != pid || told.Program != nameOf(pid) || told.Container || told.Others != 0 {
			t.Errorf("%s: %+v", address, told)
		}
		end()
	}
	forget()
	if told := dialled(t, 7002); told != "nothing listens at port 7002" {
		t.Error(told)
	}
}

func TestTheLowestProcessFirst(t *testing.T) {
	first, end := elsewhere(t, "0.0.0.0:7003", syscall.CLONE_NEWPID|syscall.CLONE_NEWNS)
	second, _ := elsewhere(t, "0.0.0.0:7003", 0)
	lower, higher := first, second
	if second < first { // numbers have begun anew
		lower, higher = second, first
	}
	for _, pid := range []int{lower, higher} {
		told := listed(7003)
		others := 1
		if pid == higher {
			others = 0
		}
		if told == nil || told.Pid != pid || told.Container != (pid == first) || told.Others != others {
			t.Errorf("%+v", told)
		}
		// Inside its own processes the first one is number 1.
		if said := dialled(t, 7003); said != strconv.Itoa(pid) && !(pid == first && said == "1") {
			t.Error(said)
		}
		if pid == lower && lower == first {
			end()
			forget()
		} else {
			break
		}
	}
}

func TestLoopbackComesFirst(t *testing.T) {
	elsewhere(t, "0.0.0.0:7004", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:7004")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if told := listed(7004); told == nil || told.At != AtLoopback || told.Others != 1 || told.Pid != 0 {
		t.Errorf("%+v", told)
	}
}

func TestANetworkThatIsGone(t *testing.T) {
	pid, end := elsewhere(t, "0.0.0.0:7005", 0)
	if told := dialled(t, 7005); told != strconv.Itoa(pid) {
		t.Error(told)
	}
	end() // the last look still has it
	if told := dialled(t, 7005); !strings.Contains(told, "nothing listens") {
		t.Error(told)
	}
	gone := network{inode: 1, pids: []int{os.Getpid()}}
	if _, err := gone.socket(netip.AddrPortFrom(loopback4, 80)); err == nil || err.Error() != "its process has ended" {
		t.Error("a process's number that is another's now:", err)
	}
}

// A thread that went elsewhere runs nothing else: not a connection of ours, not a program that is started, and none is left.
func TestNoThreadStaysElsewhere(t *testing.T) {
	pid, _ := elsewhere(t, "0.0.0.0:7006", 0)
	own := inodeOf("/proc/self/ns/net")
	var all sync.WaitGroup
	for range 64 {
		all.Add(2)
		go func() {
			defer all.Done()
			if told := dialled(t, 7006); told != strconv.Itoa(pid) {
				t.Error(told)
			}
		}()
		go func() {
			defer all.Done()
			child := exec.Command("/proc/self/exe")
			child.Path, child.Args = "/bin/readlink", []string{"readlink", "/proc/self/ns/net"}
			told, err := child.Output()
			if err != nil || strings.TrimSpace(string(told)) != fmt.Sprintf("net:[%d]", own) {
				t.Errorf("%q %v", told, err)
			}
		}()
	}
	all.Wait()
	for range 1000 {
		if !anyElsewhere(own) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a thread is left in another network")
}

func anyElsewhere(own uint64) bool {
	paths, _ := filepath.Glob("/proc/self/task/*/ns/net")
	for _, path := range paths {
		if inode := inodeOf(path); inode != 0 && inode != own {
			return true
		}
	}
	return false
}

func TestWhatDoesNotAnswer(t *testing.T) {
	// A network whose loopback is down.
	command := exec.Command("/bin/sh", "-c", "echo ready; read line")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, _ := command.StdinPipe()
	stdout, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); _ = command.Wait() }()
	_, _ = bufio.NewReader(stdout).ReadString('\n')
	pid := command.Process.Pid
	path := fmt.Sprintf("/proc/%d/ns/net", pid)
	down := place{&network{inodeOf(path), []int{pid}}, netip.AddrPortFrom(loopback4, 80)}
	_, err := down.dial(context.Background())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in the network of sh (process %d)", pid)) {
		t.Error(err)
	}
}
