package link

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"labyard/examiner/internal/wire"
)

// Channels of a stream.
const (
	Stdin  = 0
	Stdout = 1
	Stderr = 2
)

// ErrGone is returned once the other side has closed the stream or has changed.
var ErrGone = errors.New("the stream is gone")

// frames of a stream that may wait for the port: two keep it busy while the next is made.
const maxPending = 2

// Result is how a stream ended, as the host sees it.
type Result struct {
	ExitCode *int   `json:"exit_code,omitempty"`
	Error    string `json:"error,omitempty"`
	TimedOut bool   `json:"timed_out,omitempty"`
}

// Stream is one conversation. All its state is under the link's lock.
type Stream struct {
	link *Link
	id   uint32
	// Gone is closed when the host has given the stream up.
	Gone chan struct{}
	// Resizes holds the newest size that the host asked for and nobody has taken yet.
	Resizes chan Resize

	wake     *sync.Cond
	credit   int
	pending  [][]byte
	received []byte
	granted  int
	consumed int
	eof      bool
	gone     bool
	ended    bool
}

// Resize is a new size of a terminal, in characters.
type Resize struct {
	Cols uint16 `json:"cols"`
	Rows uint16 `json:"rows"`
}

func newStream(l *Link, id uint32) *Stream {
	return &Stream{
		link: l, id: id, Gone: make(chan struct{}), Resizes: make(chan Resize, 1),
		wake: sync.NewCond(&l.mu), credit: Credit, granted: Credit,
	}
}

// Accept tells the host that the request was understood and has begun.
func (s *Stream) Accept() {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if !s.gone {
		s.push(wire.Frame{Type: wire.Opened, Stream: s.id, Payload: []byte("{}")})
	}
}

// Refuse ends the stream before it began.
func (s *Stream) Refuse(err error) {
	s.finish(wire.Refused, refusal(err))
}

// End sends the result behind everything written before.
func (s *Stream) End(result Result) {
	s.finish(wire.Close, result)
}

func (s *Stream) finish(kind wire.Type, value any) {
	text, err := json.Marshal(value)
	if err != nil || len(text) > wire.MaxData {
		text = []byte(`{"error":"the result cannot be sent"}`)
	}
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.ended || s.gone {
		return
	}
	s.ended = true
	s.push(wire.Frame{Type: kind, Stream: s.id, Payload: text})
	delete(s.link.streams, s.id)
	s.wake.Broadcast()
}

// Send writes to a channel; it waits while the host has not taken what was sent before.
func (s *Stream) Send(channel uint8, data []byte) error {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for len(data) > 0 {
		for !s.gone && !s.ended && (s.credit == 0 || len(s.pending) >= maxPending) {
			s.wake.Wait()
		}
		if s.gone || s.ended {
			return ErrGone
		}
		n := min(len(data), s.credit, wire.MaxData)
		s.credit -= n
		s.push(wire.Frame{Type: wire.Data, Channel: channel, Stream: s.id, Payload: data[:n]})
		data = data[n:]
	}
	return nil
}

// SendEOF says that no more will come on channel, while the stream may still take input.
func (s *Stream) SendEOF(channel uint8) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if !s.gone && !s.ended {
		s.push(wire.Frame{Type: wire.EOF, Channel: channel, Stream: s.id})
	}
}

// Read takes input; io.EOF after the host's last byte, ErrGone when it gave up.
func (s *Stream) Read(to []byte) (int, error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for len(s.received) == 0 && !s.eof && !s.gone && !s.ended {
		s.wake.Wait()
	}
	if s.gone || s.ended {
		return 0, ErrGone
	}
	if len(s.received) == 0 {
		return 0, io.EOF
	}
	n := copy(to, s.received)
	s.received = s.received[n:]
	s.consumed += n
	if s.consumed >= Credit/4 {
		s.grant()
	}
	return n, nil
}

func (s *Stream) grant() {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], uint32(s.consumed))
	s.granted += s.consumed
	s.consumed = 0
	s.link.queue(wire.Frame{Type: wire.Window, Stream: s.id, Payload: bytes[:]})
}

// push queues a frame of this stream in its order. The lock is held.
func (s *Stream) push(frame wire.Frame) {
	bytes, err := wire.Append(nil, frame)
	if err != nil {
		return
	}
	s.pending = append(s.pending, bytes)
	if len(s.pending) == 1 {
		s.link.ready = append(s.link.ready, s)
		s.link.wake.Signal()
	}
}

// shift hands out the next frame and queues the stream again, behind the others. The lock is held.
func (s *Stream) shift() []byte {
	if len(s.pending) == 0 {
		return nil // dropped while it waited for its turn
	}
	bytes := s.pending[0]
	s.pending = s.pending[1:]
	if len(s.pending) > 0 {
		s.link.ready = append(s.link.ready, s)
	}
	s.wake.Broadcast()
	return bytes
}

// take handles a frame of the host. The lock is held.
func (s *Stream) take(frame wire.Frame) {
	switch frame.Type {
	case wire.Data:
		if s.granted -= len(frame.Payload); s.granted < 0 || s.eof {
			s.gone = true // the host broke the rules: nothing it sends can be trusted to be whole
			delete(s.link.streams, s.id)
			s.link.message(wire.Close, s.id, Result{Error: "more was sent than was granted"})
			s.drop()
			return
		}
		s.received = append(s.received, frame.Payload...)
	case wire.EOF:
		s.eof = true
	case wire.Window:
		if len(frame.Payload) == 4 {
			s.credit = min(s.credit+int(binary.BigEndian.Uint32(frame.Payload)), 16<<20)
		}
	case wire.Control:
		var control struct {
			Resize *Resize `json:"resize"`
		}
		if json.Unmarshal(frame.Payload, &control) == nil && control.Resize != nil {
			s.resize(*control.Resize)
		}
	case wire.Close:
		delete(s.link.streams, s.id)
		s.drop()
	}
	s.wake.Broadcast()
}

func (s *Stream) resize(size Resize) {
	select {
	case <-s.Resizes: // an older one nobody has taken
	default:
	}
	s.Resizes <- size
}

// drop ends the stream without a word. The lock is held.
func (s *Stream) drop() {
	s.gone = true
	s.pending = nil
	s.received = nil
	select {
	case <-s.Gone:
	default:
		close(s.Gone)
	}
	s.wake.Broadcast()
}
