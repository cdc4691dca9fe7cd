// Package link is the guest's end of the guest link: streams with credit and questions with answers over one byte channel.
package link

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"

	"labyard/examiner/internal/wire"
)

const (
	Version = 1
	// Credit is what may be under way in one direction of a stream before its receiver has taken any of it.
	Credit     = 256 << 10
	maxStreams = 256
	maxCalls   = 256
	// maxMessage bounds a JSON message of several parts.
	maxMessage = 1 << 20
	// maxQueued bounds control frames that wait; a host that asks without reading answers is cut off by a full queue.
	maxQueued = 4096
)

// Handler is what the link serves. Open runs in a goroutine of its own and must end the stream; Call likewise.
type Handler interface {
	// Hello is the answer to a hello: JSON. Only a hello that begins a session may do more than answer (begins).
	Hello(hello []byte, begins bool) []byte
	// Attached is called after the answer to a hello with a new epoch has been queued.
	Attached()
	Open(stream *Stream, request []byte)
	Call(op string, arguments []byte) (any, error)
}

// Refusal is an error with a stable code for the host.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Message }

// Link multiplexes one port. Terminals outlive its sessions; everything else ends with the hello of a new epoch.
type Link struct {
	handler Handler
	port    io.ReadWriter

	mu      sync.Mutex
	wake    *sync.Cond
	control [][]byte
	ready   []*Stream
	streams map[uint32]*Stream
	parts   map[uint32][]byte
	calls   int
	epoch   string
	session uint64
	failed  error
}

// New makes a link over port, which is never closed by it.
func New(port io.ReadWriter, handler Handler) *Link {
	l := &Link{handler: handler, port: port, streams: map[uint32]*Stream{}, parts: map[uint32][]byte{}}
	l.wake = sync.NewCond(&l.mu)
	return l
}

// Serve runs until the port fails.
func (l *Link) Serve() error {
	go l.write()
	decoder := wire.NewDecoder(l.port)
	for {
		frame, err := decoder.Next()
		if err != nil {
			l.fail(err)
			return err
		}
		l.take(frame)
	}
}

// Event tells the host something unasked. It is dropped while nobody has said hello.
func (l *Link) Event(event map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch != "" {
		l.message(wire.Event, 0, event)
	}
}

// Announce says, before any hello, that a new examiner speaks from here on: a host with an older session closes it.
func (l *Link) Announce(event map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.message(wire.Event, 0, event)
}

func (l *Link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
	l.dropStreams()
	l.wake.Broadcast()
}

func (l *Link) take(frame wire.Frame) {
	if frame.Type == wire.Hello {
		l.hello(frame.Payload)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch == "" {
		return
	}
	switch frame.Type {
	case wire.Open, wire.Call:
		if message, ok := l.assemble(frame); ok {
			l.begin(frame.Type, frame.Stream, message)
		}
	default:
		if stream := l.streams[frame.Stream]; stream != nil {
			stream.take(frame)
		}
	}
}

// assemble joins the parts of a message; false while parts are missing or when it grew too long.
func (l *Link) assemble(frame wire.Frame) ([]byte, bool) {
	message := append(l.parts[frame.Stream], frame.Payload...)
	if len(message) > maxMessage || (frame.Channel == wire.More && len(l.parts) >= maxCalls) {
		delete(l.parts, frame.Stream)
		return nil, false
	}
	if frame.Channel == wire.More {
		l.parts[frame.Stream] = message
		return nil, false
	}
	delete(l.parts, frame.Stream)
	return message, true
}

func (l *Link) hello(payload []byte) {
	epoch := Word(payload, "epoch")
	if len(epoch) < 16 || len(epoch) > 128 {
		return
	}
	l.mu.Lock()
	again := epoch == l.epoch // a repeated hello of the same host must not end what it has begun since
	if !again {
		l.epoch = epoch
		l.session++
		l.dropStreams()
		l.control = nil
		l.calls = 0
		clear(l.parts)
	}
	l.mu.Unlock()
	answer := l.handler.Hello(payload, !again)
	l.mu.Lock()
	l.send(wire.HelloAck, 0, answer)
	l.mu.Unlock()
	if !again {
		l.handler.Attached()
	}
}

func (l *Link) dropStreams() {
	for id, stream := range l.streams {
		delete(l.streams, id)
		stream.drop()
	}
	l.ready = nil
}

func (l *Link) begin(kind wire.Type, id uint32, message []byte) {
	if kind == wire.Open {
		if l.streams[id] != nil {
			return
		}
		if len(l.streams) >= maxStreams {
			l.message(wire.Refused, id, refusal(&Refusal{"busy", "this machine has " + strconv.Itoa(maxStreams) + " terminals, programs and connections open, and may have no more"}))
			return
		}
		stream := newStream(l, id)
		l.streams[id] = stream
		go l.handler.Open(stream, message)
		return
	}
	if l.calls >= maxCalls {
		l.message(wire.Reply, id, refusal(&Refusal{"busy", "too many questions are waiting"}))
		return
	}
	l.calls++
	go l.answer(l.session, id, message)
}

func (l *Link) answer(session uint64, id uint32, message []byte) {
	var call struct {
		Op string `json:"op"`
	}
	var answer any
	err := json.Unmarshal(message, &call)
	if err == nil {
		answer, err = l.handler.Call(call.Op, message)
	}
	if err != nil {
		answer = refusal(err)
	} else if answer == nil {
		answer = map[string]any{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != session {
		return
	}
	l.calls--
	l.message(wire.Reply, id, answer)
}

func refusal(err error) map[string]any {
	code := "guest"
	var known *Refusal
	if errors.As(err, &known) {
		code = known.Code
	}
	return map[string]any{"error": err.Error(), "code": code}
}

// message queues JSON, in as many frames as it needs. The lock is held.
func (l *Link) message(kind wire.Type, id uint32, value any) {
	text, err := json.Marshal(value)
	if err != nil || len(text) > maxMessage || len(l.control) >= maxQueued {
		text, _ = json.Marshal(refusal(&Refusal{"too-long", "the answer cannot be sent"}))
		if len(l.control) >= maxQueued {
			return
		}
	}
	l.send(kind, id, text)
}

// send queues a text in as many frames as it needs. The lock is held.
func (l *Link) send(kind wire.Type, id uint32, text []byte) {
	for {
		part, channel := text, uint8(0)
		if len(text) > wire.MaxData {
			part, channel = text[:wire.MaxData], wire.More
		}
		l.queue(wire.Frame{Type: kind, Channel: channel, Stream: id, Payload: part})
		text = text[len(part):]
		if channel == 0 {
			return
		}
	}
}

func (l *Link) queue(frame wire.Frame) {
	bytes, err := wire.Append(nil, frame)
	if err != nil {
		return
	}
	l.control = append(l.control, bytes)
	l.wake.Signal()
}

// write takes control frames first, then one frame of each stream in turn, so that none can stall another.
func (l *Link) write() {
	for {
		bytes := l.next()
		if bytes == nil {
			return
		}
		if _, err := l.port.Write(bytes); err != nil {
			l.fail(err)
			return
		}
	}
}

func (l *Link) next() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.failed != nil {
			return nil
		}
		if len(l.control) > 0 {
			bytes := l.control[0]
			l.control = l.control[1:]
			return bytes
		}
		if len(l.ready) > 0 {
			stream := l.ready[0]
			l.ready = l.ready[1:]
			if bytes := stream.shift(); bytes != nil {
				return bytes
			}
			continue
		}
		l.wake.Wait()
	}
}
