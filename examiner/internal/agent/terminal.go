package agent

import (
	"os"
	"strconv"
	"sync"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/sys"
)

const (
	maxTerminals = 64
	// a terminal whose every viewer is this far behind is not read: its program waits, as at a slow screen
	maxLag  = scrollbackSize / 2
	skipped = "\r\n\x1b[0m\x1b[7m output was skipped \x1b[0m\r\n"
)

// terminals are found by their id and outlive links.
type terminals struct {
	agent *Agent
	mu    sync.Mutex
	byID  map[string]*terminal
}

func newTerminals(a *Agent) *terminals { return &terminals{agent: a, byID: map[string]*terminal{}} }

// terminal is a login session on a pty, its past, and who looks at it.
type terminal struct {
	mu      sync.Mutex
	changed *sync.Cond
	past    *scrollback
	master  *os.File
	program *program
	viewers map[*viewer]struct{}
	size    link.Resize
	ended   bool
}

type viewer struct {
	stream   *link.Stream
	position int64
	size     link.Resize
	gone     bool
}

func (t *terminals) attach(stream *link.Stream, request request) error {
	if request.ID == "" || len(request.ID) > 128 {
		return &link.Refusal{Code: "bad-request", Message: "a terminal needs an id of at most 128 characters"}
	}
	terminal, err := t.find(request)
	if err != nil {
		return err
	}
	stream.Accept()
	v := &viewer{stream: stream, size: link.Resize{Cols: request.Cols, Rows: request.Rows}}
	terminal.add(v, request.ReadOnly)
	if !request.ReadOnly {
		go terminal.listen(v, t.agent.lesson)
	}
	terminal.show(v)
	terminal.remove(v)
	if terminal.over() {
		<-terminal.program.done
		code := terminal.program.code
		stream.End(link.Result{ExitCode: &code})
	}
	return nil
}

// find returns the terminal of an id, or begins a login session for it.
func (t *terminals) find(request request) (*terminal, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := t.byID[request.ID]; found != nil && !found.over() {
		return found, nil
	}
	if len(t.byID) >= maxTerminals {
		return nil, &link.Refusal{Code: "busy", Message: "this machine has " + strconv.Itoa(maxTerminals) + " terminals open, and may have no more"}
	}
	who, err := t.agent.userOf(request.User)
	if err != nil {
		return nil, err
	}
	master, program, err := t.agent.login(who, request.Cols, request.Rows)
	if err != nil {
		return nil, err
	}
	made := &terminal{
		past: newScrollback(), master: master, program: program, viewers: map[*viewer]struct{}{},
		size: link.Resize{Cols: request.Cols, Rows: request.Rows},
	}
	made.changed = sync.NewCond(&made.mu)
	t.byID[request.ID] = made
	go t.run(request.ID, made)
	return made, nil
}

// run reads the terminal to its end and then forgets it, so that the next to attach gets a new one.
func (t *terminals) run(id string, terminal *terminal) {
	drain(terminal.master, terminal.program.done, terminal.record)
	terminal.program.hangup()
	terminal.end()
	terminal.master.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[id] == terminal {
		delete(t.byID, id)
	}
}

// record keeps new output, and waits while every viewer is far behind.
func (t *terminal) record(data []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.past.write(data)
	t.changed.Broadcast()
	for t.behind() {
		t.changed.Wait()
	}
	return nil
}

// behind: there are viewers, and the fastest of them has a lot to take yet.
func (t *terminal) behind() bool {
	for v := range t.viewers {
		if t.past.end-v.position <= maxLag {
			return false
		}
	}
	return len(t.viewers) > 0
}

func (t *terminal) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.changed.Broadcast()
}

func (t *terminal) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *terminal) add(v *viewer, readOnly bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v.position = t.past.clean()
	t.viewers[v] = struct{}{}
	if !readOnly {
		t.resize(v.size)
	}
}

func (t *terminal) remove(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v.gone = true
	delete(t.viewers, v)
	t.changed.Broadcast()
}

func (t *terminal) resize(size link.Resize) {
	if size.Cols == 0 || size.Rows == 0 || size == t.size {
		return
	}
	t.size = size
	_ = sys.SetSize(t.master, size.Cols, size.Rows)
}

// show sends the past and then what is new, until the terminal has ended or the viewer has left.
func (t *terminal) show(v *viewer) {
	go func() {
		for {
			select {
			case <-v.stream.Gone:
				t.remove(v)
				return
			case size := <-v.stream.Resizes:
				t.mu.Lock()
				v.size = size
				t.resize(size)
				t.mu.Unlock()
			case <-t.program.done:
				return
			}
		}
	}()
	buffer := make([]byte, bufferSize)
	for {
		piece := t.next(v, buffer)
		if piece == nil || v.stream.Send(link.Stdout, piece) != nil {
			return
		}
	}
}

// next waits for the viewer's next bytes; nil: there will be none.
func (t *terminal) next(v *viewer, buffer []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	for v.position == t.past.end && !t.ended && !v.gone {
		t.changed.Wait()
	}
	if v.gone || v.position == t.past.end {
		return nil
	}
	if v.position < t.past.start() {
		v.position = t.past.clean()
		return []byte(skipped)
	}
	n := t.past.read(v.position, buffer)
	v.position += int64(n)
	t.changed.Broadcast()
	return buffer[:n]
}

// listen passes a viewer's keys on. Who types decides the size.
func (t *terminal) listen(v *viewer, lesson *lesson) {
	buffer := make([]byte, 4096)
	for {
		n, err := v.stream.Read(buffer)
		if err != nil {
			return
		}
		lesson.use(true)
		t.mu.Lock()
		t.resize(v.size)
		t.mu.Unlock()
		if _, err := t.master.Write(buffer[:n]); err != nil {
			return
		}
	}
}
