package agent

import "bytes"

// scrollbackSize is how much of a terminal's past is kept, in bytes.
const scrollbackSize = 256 << 10

// scrollback keeps the last bytes of a terminal; positions count from its beginning and only grow.
type scrollback struct {
	ring []byte
	end  int64
}

func newScrollback() *scrollback { return &scrollback{ring: make([]byte, scrollbackSize)} }

func (s *scrollback) start() int64 { return max(0, s.end-scrollbackSize) }

func (s *scrollback) write(data []byte) {
	for len(data) > 0 {
		n := copy(s.ring[s.end%scrollbackSize:], data)
		s.end += int64(n)
		data = data[n:]
	}
}

// read copies what is at position; it must not lie before start.
func (s *scrollback) read(position int64, to []byte) int {
	total := 0
	for total < len(to) && position < s.end {
		from := position % scrollbackSize
		until := min(from+(s.end-position), scrollbackSize)
		n := copy(to[total:], s.ring[from:until])
		total += n
		position += int64(n)
	}
	return total
}

// clean is the first position that begins a line: a replay must not start inside an escape sequence.
func (s *scrollback) clean() int64 {
	position := s.start()
	if position == 0 {
		return 0
	}
	var piece [4096]byte
	n := s.read(position, piece[:])
	if i := bytes.IndexByte(piece[:n], '\n'); i >= 0 {
		return position + int64(i) + 1
	}
	return position
}
