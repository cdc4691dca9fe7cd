package link

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"labyard/examiner/internal/wire"
)

// house is a handler that floods, echoes, or sleeps until it is dropped.
type house struct{ attached chan struct{} }

func (h *house) Hello(hello []byte, _ bool) []byte {
	return []byte(`{"stage":"up","version":1,"epoch":"` + Word(hello, "epoch") + `"}`)
}
func (h *house) Attached() { h.attached <- struct{}{} }

func (h *house) Call(op string, arguments []byte) (any, error) {
	if op == "ping" {
		return nil, nil
	}
	return nil, &Refusal{"not-built", "no"}
}

func (h *house) Open(stream *Stream, request []byte) {
	stream.Accept()
	switch string(request) {
	case `"flood"`:
		for stream.Send(Stdout, bytes.Repeat([]byte("x"), 40_000)) == nil {
		}
	case `"echo"`:
		content, err := io.ReadAll(stream)
		if err == nil {
			_ = stream.Send(Stdout, content)
		}
		stream.End(Result{})
	default:
		<-stream.Gone
	}
}

// host is the other side, by hand.
type host struct {
	t       *testing.T
	conn    net.Conn
	decoder *wire.Decoder
	link    *Link
}

func begin(t *testing.T) *host {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	link := New(theirs, &house{make(chan struct{}, 8)})
	go func() { _ = link.Serve() }()
	_ = ours.SetDeadline(time.Now().Add(20 * time.Second))
	h := &host{t, ours, wire.NewDecoder(ours), link}
	h.hello("0123456789abcdef")
	return h
}

func (h *host) send(frame wire.Frame) {
	h.t.Helper()
	data, err := wire.Append(nil, frame)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.conn.Write(data); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) next() wire.Frame {
	h.t.Helper()
	frame, err := h.decoder.Next()
	if err != nil {
		h.t.Fatal(err)
	}
	return frame
}

func (h *host) hello(epoch string) {
	h.t.Helper()
	text, _ := json.Marshal(map[string]any{"version": 1, "epoch": epoch})
	h.send(wire.Frame{Type: wire.Hello, Payload: text})
	for {
		frame := h.next()
		var answer struct{ Epoch string }
		if frame.Type == wire.HelloAck && json.Unmarshal(frame.Payload, &answer) == nil && answer.Epoch == epoch {
			return
		}
	}
}

func TestAFloodStopsAtItsCreditAndStallsNobody(t *testing.T) {
	h := begin(t)
	h.send(wire.Frame{Type: wire.Open, Stream: 1, Payload: []byte(`"flood"`)})
	got := 0
	for got < Credit {
		if frame := h.next(); frame.Type == wire.Data {
			got += len(frame.Payload)
		}
	}
	h.send(wire.Frame{Type: wire.Call, Stream: 2, Payload: []byte(`{"op":"ping"}`)})
	if frame := h.next(); frame.Type != wire.Reply || got != Credit {
		t.Fatalf("%d bytes, then %v", got, frame)
	}
	h.send(wire.Frame{Type: wire.Window, Stream: 1, Payload: []byte{0, 0, 0, 100}})
	if frame := h.next(); frame.Type != wire.Data || len(frame.Payload) != 100 {
		t.Fatalf("%v with %d bytes", frame.Type, len(frame.Payload))
	}
}

func TestFloodsTakeTurns(t *testing.T) {
	h := begin(t)
	for id := uint32(1); id <= 4; id++ {
		h.send(wire.Frame{Type: wire.Open, Stream: id, Payload: []byte(`"flood"`)})
		if frame := h.next(); frame.Stream > id {
			t.Fatal(frame.Stream)
		}
	}
	counts := map[uint32]int{}
	for range 12 {
		h.untilAllHaveOutput(4)
		counts[h.next().Stream]++
	}
	for id := uint32(1); id <= 4; id++ {
		if counts[id] < 2 || counts[id] > 4 {
			t.Fatalf("stream %d came %d times of 12: %v", id, counts[id], counts)
		}
	}
}

// untilAllHaveOutput waits until so many streams have a frame to send: who has none loses his turn, and rightly.
func (h *host) untilAllHaveOutput(streams int) {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		h.link.mu.Lock()
		waiting := 0
		for _, stream := range h.link.streams {
			if len(stream.pending) > 0 {
				waiting++
			}
		}
		h.link.mu.Unlock()
		if waiting >= streams {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%d streams have output, not %d", waiting, streams)
		}
	}
}

func TestANewEpochDropsStreamsAndTheSameDoesNot(t *testing.T) {
	h := begin(t)
	h.send(wire.Frame{Type: wire.Open, Stream: 1, Payload: []byte(`"echo"`)})
	h.hello("0123456789abcdef")
	h.send(wire.Frame{Type: wire.Data, Stream: 1, Payload: []byte("kept")})
	h.send(wire.Frame{Type: wire.EOF, Stream: 1})
	for frame := h.next(); frame.Type != wire.Data || string(frame.Payload) != "kept"; frame = h.next() {
	}
	h.send(wire.Frame{Type: wire.Open, Stream: 2, Payload: []byte(`"flood"`)})
	h.hello("fedcba9876543210")
	h.send(wire.Frame{Type: wire.Call, Stream: 3, Payload: []byte(`{"op":"ping"}`)})
	if frame := h.next(); frame.Type != wire.Reply {
		t.Fatalf("something of the old epoch came: %v", frame.Type)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	h := begin(t)
	for id := uint32(1); id <= maxStreams+1; id++ {
		h.send(wire.Frame{Type: wire.Open, Stream: id, Payload: []byte(`"sleep"`)})
		if frame := h.next(); (frame.Type == wire.Refused) != (id > maxStreams) {
			t.Fatalf("stream %d: %v", id, frame.Type)
		}
	}
}

func TestAMessageWithoutEndIsDropped(t *testing.T) {
	h := begin(t)
	for range 2*maxMessage/wire.MaxPayload + 2 {
		h.send(wire.Frame{Type: wire.Call, Channel: wire.More, Stream: 9, Payload: make([]byte, wire.MaxPayload)})
	}
	h.send(wire.Frame{Type: wire.Call, Stream: 10, Payload: []byte(`{"op":"ping"}`)})
	if frame := h.next(); frame.Stream != 10 {
		t.Fatalf("%v", frame)
	}
}
