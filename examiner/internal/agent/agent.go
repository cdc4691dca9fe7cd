// Package agent serves a machine's host over the guest link: programs, terminals, files, questions.
package agent

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"labyard/examiner/internal/link"
)

// Build is set by the linker; it only tells examiners apart.
var Build = "dev"

// Settings is what the boot left for the agent, as a file in the run folder.
type Settings struct {
	// Init is who is process 1: systemd, openrc, other or examiner; "none" outside of a machine.
	Init        string   `json:"init"`
	DefaultUser string   `json:"default_user"`
	Warnings    []string `json:"warnings"`
	Stages      []Stage  `json:"stages"`
	// Failed says why the machine did not boot; the examiner then serves from its initramfs.
	Failed string `json:"failed"`
	// Folder is for what must outlive an agent that was killed, but not a reboot.
	Folder string `json:"-"`
	// Program is this binary, where every user may run it.
	Program string `json:"-"`
	// Home replaces every user's, where set: outside of a machine, a login must not read what whoever runs it has at home.
	Home string `json:"-"`
}

// Stage is a step of the boot and when it was reached, in seconds since the kernel started.
type Stage struct {
	Name string  `json:"stage"`
	At   float64 `json:"at"`
}

// Agent is the handler of one link.
type Agent struct {
	settings  Settings
	link      *link.Link
	terminals *terminals
	errands   *errands
	lesson    *lesson
	sessions  sessions
	ice       ice

	mu    sync.Mutex
	ready bool
	// known is Info less what changes, as JSON without its closing brace: encoded once, not at every hello.
	known []byte
}

// New makes the agent of port.
func New(port io.ReadWriter, settings Settings) *Agent {
	a := &Agent{settings: settings}
	a.terminals = newTerminals(a)
	a.errands = newErrands(a)
	a.lesson = newLesson(a)
	a.link = link.New(port, a)
	return a
}

// Serve runs until the port fails.
func (a *Agent) Serve() error {
	a.link.Announce(map[string]any{"event": "started", "boot_id": bootID()})
	a.setReady(a.settings.Failed == "" && isReady(a.settings.Init))
	if !a.ready {
		go a.watchReady()
	}
	a.lesson.resume()
	go a.lesson.answerAsked()
	return a.link.Serve()
}

func (a *Agent) setReady(ready bool) {
	known, _ := json.Marshal(a.info(ready))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready, a.known = ready, known[:len(known)-1]
}

// Hello answers the host's hello. One that begins a session may bring what a machine made of a snapshot is woken with.
func (a *Agent) Hello(hello []byte, begins bool) []byte {
	failure := ""
	if entropy := link.Word(hello, "entropy"); entropy != "" && begins {
		if err := a.wakeBy(entropy, link.Word(hello, "set_ns")); err != nil {
			failure = err.Error()
		}
	}
	a.mu.Lock()
	answer := append([]byte(nil), a.known...)
	a.mu.Unlock()
	answer = append(answer, `,"version":`+strconv.Itoa(link.Version)+`,"epoch":"`+link.Word(hello, "epoch")+`"`...)
	answer = append(answer, `,"uptime":`+sinceBoot()+`,"frozen":`+strconv.FormatBool(a.ice.all.Load())...)
	if failure != "" {
		answer = append(answer, `,"wake_error":`+strconv.Quote(failure)...)
	}
	return append(answer, '}')
}

// Info is the answer to the question "info".
func (a *Agent) Info() map[string]any {
	a.mu.Lock()
	ready := a.ready
	a.mu.Unlock()
	info := a.info(ready)
	info["uptime"], info["frozen"] = Uptime(), a.ice.all.Load()
	return info
}

func (a *Agent) info(ready bool) map[string]any {
	stage := "booting"
	switch {
	case a.settings.Failed != "":
		stage = "failed"
	case ready:
		stage = "up"
	}
	hostname, _ := os.Hostname()
	return map[string]any{
		"boot_id": bootID(), "examiner": Build, "init": a.settings.Init, "stage": stage, "ready": ready,
		"stages": a.settings.Stages, "warnings": a.settings.Warnings, "message": a.settings.Failed,
		"default_user": a.settings.DefaultUser, "hostname": hostname, "pid": os.Getpid(),
	}
}

// Attached repeats for a new host what it has to know.
func (a *Agent) Attached() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready { // the answer to the hello has said all that
		return
	}
	for _, stage := range a.settings.Stages {
		a.link.Event(map[string]any{"event": "stage", "stage": stage.Name, "at": stage.At})
	}
}

func (a *Agent) watchReady() {
	if a.settings.Failed != "" {
		return
	}
	waitReady(a.settings.Init)
	a.setReady(true)
	a.link.Event(map[string]any{"event": "ready", "uptime": Uptime()})
}

// Open serves one stream.
func (a *Agent) Open(stream *link.Stream, message []byte) {
	var request request
	if err := json.Unmarshal(message, &request); err != nil {
		stream.Refuse(&link.Refusal{Code: "bad-request", Message: "the request cannot be read: " + err.Error()})
		return
	}
	var err error
	switch request.Op {
	case "exec":
		err = a.exec(stream, request)
	case "terminal":
		err = a.terminals.attach(stream, request)
	case "dial":
		err = dial(stream, request)
	case "listeners":
		err = listeners(stream)
	case "read", "write", "tar-out", "tar-in":
		err = a.files(stream, request)
	case "files":
		err = a.desk(stream, request)
	default:
		err = &link.Refusal{Code: "not-built", Message: "this examiner does not know " + strconv.Quote(request.Op)}
	}
	if err != nil {
		stream.Refuse(err)
	}
}

// request is every field of every stream request; each operation reads its own.
type request struct {
	Op       string            `json:"op"`
	Argv     []string          `json:"argv"`
	User     string            `json:"user"`
	Env      map[string]string `json:"env"`
	Cwd      string            `json:"cwd"`
	Tty      bool              `json:"tty"`
	Cols     uint16            `json:"cols"`
	Rows     uint16            `json:"rows"`
	Timeout  float64           `json:"timeout"`
	ID       string            `json:"id"`
	ReadOnly bool              `json:"read_only"`
	Network  string            `json:"network"`
	Address  string            `json:"address"`
	Path     string            `json:"path"`
	Mode     uint32            `json:"mode"`
}

func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// Uptime is the time since the kernel started, in seconds.
func Uptime() float64 {
	text, _ := os.ReadFile("/proc/uptime")
	first, _, _ := strings.Cut(string(text), " ")
	seconds, _ := strconv.ParseFloat(first, 64)
	return seconds
}

// sinceBoot is Uptime as it is written, by the clock that counts it and without opening a file.
func sinceBoot() string {
	var now syscall.Timespec
	const clockBoottime = 7 // linux/time.h
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&now)), 0)
	return strconv.FormatInt(now.Sec, 10) + "." + strconv.FormatInt(now.Nsec/1e7+100, 10)[1:]
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }

func warn(format string, arguments ...any) { log.Printf(format, arguments...) }
