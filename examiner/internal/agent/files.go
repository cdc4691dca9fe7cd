package agent

import (
	"os"
	"strconv"
	"strings"

	"labyard/examiner/internal/link"
)

// files runs this binary as the user who asks, so that the kernel decides what may be read and written.
func (a *Agent) files(stream *link.Stream, request request) error {
	user := request.User
	if user == "" {
		user = "root"
	}
	who, err := find(user)
	if err != nil {
		return err
	}
	if request.Path == "" || len(request.Path) > 4096 || strings.ContainsRune(request.Path, 0) {
		return &link.Refusal{Code: "bad-request", Message: "a path of at most 4096 characters is needed"}
	}
	argv := []string{a.settings.Program, "files", request.Op, request.Path, strconv.FormatUint(uint64(request.Mode), 8)}
	command, err := a.prepare(who, argv, nil, "")
	if err != nil {
		return err
	}
	run := &execution{stream: stream, pipes: map[uint8]*os.File{}}
	defer run.close()
	if err := run.startPipes(a, who, command); err != nil {
		return err
	}
	stream.Accept()
	said := &tail{}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		drain(run.pipes[link.Stderr], run.program.done, said.write)
	}()
	go run.feed()
	go func() {
		select {
		case <-stream.Gone:
			run.program.hangup() // a half-written file is taken away again
		case <-run.program.done:
		}
	}()
	run.copyOut(link.Stdout, run.pipes[link.Stdout])
	<-run.program.done
	<-heard
	code := run.program.code
	stream.End(link.Result{ExitCode: &code, Error: strings.TrimSpace(said.text())})
	return nil
}
