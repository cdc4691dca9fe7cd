package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func all(t *testing.T, source io.Reader) ([]Frame, *Decoder) {
	t.Helper()
	decoder := NewDecoder(source)
	var frames []Frame
	for {
		frame, err := decoder.Next()
		if errors.Is(err, io.EOF) {
			return frames, decoder
		}
		if err != nil {
			t.Fatal(err)
		}
		frame.Payload = bytes.Clone(frame.Payload)
		frames = append(frames, frame)
	}
}

func encode(t *testing.T, frame Frame) []byte {
	t.Helper()
	data, err := Append(nil, frame)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestKnownBytes(t *testing.T) {
	data := encode(t, Frame{Type: Data, Channel: 1, Stream: 7, Payload: []byte("hello")})
	if got := hex.EncodeToString(data); got != "4c0601000000000700000005a9f8954568656c6c6f" {
		t.Fatal(got)
	}
}

func TestFramesSurviveEveryCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var sent []Frame
	var data []byte
	for i := range 200 {
		payload := make([]byte, random.IntN(3000))
		for j := range payload {
			payload[j] = byte(random.UintN(256))
		}
		frame := Frame{Type: Type(1 + i%int(last)), Channel: byte(i), Stream: random.Uint32(), Payload: payload}
		sent = append(sent, frame)
		data = append(append(data, make([]byte, random.IntN(20))...), encode(t, frame)...)
	}
	for name, reader := range map[string]io.Reader{
		"whole": bytes.NewReader(data), "bytes": iotest.OneByteReader(bytes.NewReader(data)), "halves": iotest.HalfReader(bytes.NewReader(data)),
	} {
		got, decoder := all(t, reader)
		if len(got) != len(sent) || decoder.Skipped != 0 {
			t.Fatalf("%s: %d frames of %d, %d bytes skipped", name, len(got), len(sent), decoder.Skipped)
		}
		for i := range got {
			if got[i].Type != sent[i].Type || got[i].Stream != sent[i].Stream || !bytes.Equal(got[i].Payload, sent[i].Payload) {
				t.Fatalf("%s: frame %d differs", name, i)
			}
		}
	}
}

func TestResynchronisesBehindAFrameCutShort(t *testing.T) {
	long := encode(t, Frame{Type: Data, Stream: 1, Payload: bytes.Repeat([]byte("L\x06\x00\x00"), 8000)})
	next := encode(t, Frame{Type: Hello, Payload: []byte("{}")})
	for _, kept := range []int{1, 2, HeaderSize - 1, HeaderSize, HeaderSize + 1, len(long) / 2, len(long) - 1} {
		data := append(bytes.Clone(long[:kept]), make([]byte, MaxPayload+HeaderSize)...)
		got, _ := all(t, bytes.NewReader(append(data, next...)))
		if len(got) == 0 || got[len(got)-1].Type != Hello {
			t.Fatalf("cut after %d bytes: %d frames", kept, len(got))
		}
	}
}

func TestAChangedByteNeverPasses(t *testing.T) {
	whole := encode(t, Frame{Type: Call, Stream: 3, Payload: []byte("payload")})
	for at := range whole {
		data := bytes.Clone(whole)
		data[at] ^= 0x10
		if got, _ := all(t, bytes.NewReader(append(data, make([]byte, MaxPayload+HeaderSize)...))); len(got) != 0 {
			t.Fatalf("byte %d", at)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := Append(nil, Frame{Type: Data, Payload: make([]byte, MaxPayload+1)}); !errors.Is(err, ErrTooLong) {
		t.Fatal(err)
	}
}
