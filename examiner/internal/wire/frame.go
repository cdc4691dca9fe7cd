// Package wire is the frame of the guest link: pure encoding and decoding, with resynchronisation after garbage.
// The format is written down in docs/develop/guest-link.md.
package wire

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// Type says what a frame is for.
type Type uint8

const (
	Hello Type = iota + 1
	HelloAck
	Open
	Opened
	Refused
	Data
	EOF
	Window
	Control
	Close
	Call
	Reply
	Event
	last = Event
)

const (
	Magic      = 'L'
	HeaderSize = 16
	// MaxPayload bounds a frame; what is longer is sent in parts.
	MaxPayload = 32 << 10
	// MaxData keeps a whole frame within the 32 KiB that a virtio-serial port takes in one write.
	MaxData = MaxPayload - HeaderSize
	// More in the channel byte of a message frame: another part follows.
	More = 1
)

// Frame is one piece of the conversation. Payload is only valid until the decoder is used again.
type Frame struct {
	Type    Type
	Channel uint8
	Stream  uint32
	Payload []byte
}

// ErrTooLong is returned by Append for a payload above MaxPayload.
var ErrTooLong = errors.New("payload longer than a frame may be")

// Append encodes f behind to.
func Append(to []byte, f Frame) ([]byte, error) {
	if len(f.Payload) > MaxPayload {
		return to, ErrTooLong
	}
	start := len(to)
	to = append(to, Magic, byte(f.Type), f.Channel, 0)
	to = binary.BigEndian.AppendUint32(to, f.Stream)
	to = binary.BigEndian.AppendUint32(to, uint32(len(f.Payload)))
	sum := crc32.Update(crc32.ChecksumIEEE(to[start:]), crc32.IEEETable, f.Payload)
	to = binary.BigEndian.AppendUint32(to, sum)
	return append(to, f.Payload...), nil
}

// Decoder finds frames in a stream of bytes. What is not a frame is skipped, byte by byte, and counted.
type Decoder struct {
	source     io.Reader
	buffer     []byte
	start, end int
	// Skipped counts bytes that belonged to no frame, padding aside.
	Skipped uint64
}

// NewDecoder reads frames from source.
func NewDecoder(source io.Reader) *Decoder {
	return &Decoder{source: source, buffer: make([]byte, 2*(MaxPayload+HeaderSize))}
}

// Next returns the next valid frame. Its error is the source's.
func (d *Decoder) Next() (Frame, error) {
	for {
		if frame, ok := d.parse(); ok {
			return frame, nil
		}
		if err := d.fill(); err != nil {
			return Frame{}, err
		}
	}
}

// Reset forgets a frame that was begun: for sources that know that their other side is a new one.
func (d *Decoder) Reset() { d.start, d.end = 0, 0 }

func (d *Decoder) fill() error {
	if d.start > 0 {
		d.end = copy(d.buffer, d.buffer[d.start:d.end])
		d.start = 0
	}
	n, err := d.source.Read(d.buffer[d.end:])
	d.end += n
	if n > 0 {
		return nil
	}
	return err
}

// parse takes one frame out of the buffer; false: more bytes are needed.
func (d *Decoder) parse() (Frame, bool) {
	for d.start < d.end {
		bytes := d.buffer[d.start:d.end]
		if bytes[0] == 0 {
			d.start++
			continue
		}
		if bytes[0] != Magic {
			d.skip()
			continue
		}
		if len(bytes) < HeaderSize {
			return Frame{}, false
		}
		kind, length := Type(bytes[1]), binary.BigEndian.Uint32(bytes[8:])
		if kind == 0 || kind > last || bytes[3] != 0 || length > MaxPayload {
			d.skip()
			continue
		}
		size := HeaderSize + int(length)
		if len(bytes) < size {
			return Frame{}, false
		}
		payload := bytes[HeaderSize:size:size]
		sum := crc32.Update(crc32.ChecksumIEEE(bytes[:12]), crc32.IEEETable, payload)
		if sum != binary.BigEndian.Uint32(bytes[12:]) {
			d.skip()
			continue
		}
		d.start += size
		return Frame{Type: kind, Channel: bytes[2], Stream: binary.BigEndian.Uint32(bytes[4:]), Payload: payload}, true
	}
	return Frame{}, false
}

func (d *Decoder) skip() {
	d.start++
	d.Skipped++
}
