package files

import (
	"bytes"
	"regexp"
	"unicode/utf8"
)

// finder tells where something is in a piece of text: `in` looks at the piece once, and what it returns finds the first
// place from one on, -1 where there is none.
type finder interface {
	in(piece []byte) func(from int) (start, end int)
}

func newFinder(text string, withCase, isRegex bool) (finder, error) {
	if !isRegex && withCase {
		return exact(text), nil
	}
	if !isRegex && isASCII(text) {
		return &folded{lower: bytes.ToLower([]byte(text)), scratch: make([]byte, chunkSize)}, nil
	}
	if !isRegex {
		text = regexp.QuoteMeta(text)
	}
	flags := "(?m)"
	if !withCase {
		flags = "(?mi)"
	}
	compiled, err := regexp.Compile(flags + text)
	if err != nil {
		return nil, &fault{"bad-request", "this is no regular expression: " + err.Error()}
	}
	return pattern{compiled}, nil
}

func isASCII(text string) bool {
	for index := range len(text) {
		if text[index] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

type exact []byte

func (e exact) in(piece []byte) func(int) (int, int) {
	return func(from int) (int, int) {
		start := bytes.Index(piece[from:], e)
		if start < 0 {
			return -1, -1
		}
		return from + start, from + start + len(e)
	}
}

// folded compares without regard to capitals, many times faster than an expression does. Bytes keep their places.
type folded struct{ lower, scratch []byte }

func (f *folded) in(piece []byte) func(int) (int, int) {
	for index, letter := range piece {
		f.scratch[index] = lowered[letter]
	}
	return exact(f.lower).in(f.scratch[:len(piece)])
}

var lowered = func() (table [256]byte) {
	for letter := range table {
		table[letter] = byte(letter)
		if letter >= 'A' && letter <= 'Z' {
			table[letter] += 'a' - 'A'
		}
	}
	return table
}()

type pattern struct{ *regexp.Regexp }

func (p pattern) in(piece []byte) func(int) (int, int) {
	return func(from int) (int, int) {
		found := p.FindIndex(piece[from:])
		if found == nil {
			return -1, -1
		}
		return from + found[0], from + found[1]
	}
}
