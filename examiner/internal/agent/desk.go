package agent

import (
	"os"

	"labyard/examiner/internal/link"
)

// desk answers an editor's questions about files: by one process of the user for as long as the stream lasts, since
// starting one for each would cost an emulated machine thirty times the question.
func (a *Agent) desk(stream *link.Stream, request request) error {
	who, err := a.userOf(request.User)
	if err != nil {
		return err
	}
	command, err := a.prepare(who, []string{a.settings.Program, "files"}, nil, "")
	if err != nil {
		return err
	}
	run := &execution{stream: stream, pipes: map[uint8]*os.File{}, asked: func() { a.lesson.use(true) }}
	if err := run.startPipes(a, who, command); err != nil {
		run.close()
		return err
	}
	stream.Accept()
	run.serve(0)
	return nil
}
