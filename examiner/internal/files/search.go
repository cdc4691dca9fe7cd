package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// What one search may cost the machine; whoever asked is told which of these ended it.
const (
	maxSearched     = 20_000    // files
	maxSearchedData = 512 << 20 // bytes
	maxSearchTime   = 30 * time.Second
	maxMatches      = 1000
	maxText         = 1000 // bytes of what is looked for
	maxDepth        = 64
	chunkSize       = 256 << 10
	shownBefore     = 60 // bytes of a line that are shown around a match
	shownBehind     = 160
)

// notSearched are folders full of what nobody wrote by hand.
var notSearched = map[string]bool{".git": true, "node_modules": true}

// match is a line in which the text was found: its number from 1, its place in the file in bytes, and the column in
// UTF-16 units, as browsers count.
type match struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	At     int64  `json:"at"`
	Column int    `json:"column"`
	Length int    `json:"length"`
	Text   string `json:"text"`
	// Before is how many UTF-16 units of Text come before what was found.
	Before int `json:"before"`
}

type search struct {
	desk    *desk
	finder  finder
	device  uint64
	end     time.Time
	buffer  []byte
	files   int
	bytes   int64
	matches int
	cut     string
}

// errEnough ends a search at one of its bounds.
var errEnough = errors.New("enough")

// search looks through a file, or all files below a folder; each match is a line, the last line tells how it ended.
func (d *desk) search(asked question) error {
	if asked.Text == "" || len(asked.Text) > maxText || strings.ContainsRune(asked.Text, '\n') {
		return &fault{"bad-request", "say what to look for: one line of text"}
	}
	finder, err := newFinder(asked.Text, asked.Case, asked.Regex)
	if err != nil {
		return err
	}
	info, err := os.Stat(asked.Path)
	if err != nil {
		return err
	}
	s := &search{desk: d, finder: finder, device: deviceOf(info), end: time.Now().Add(maxSearchTime), buffer: make([]byte, chunkSize)}
	if info.IsDir() {
		err = s.folder(asked.Path, 0)
	} else {
		err = s.file(asked.Path)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return d.say(map[string]any{"done": true, "files": s.files, "bytes": s.bytes, "matches": s.matches, "cut": s.cut})
}

func deviceOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Dev
	}
	return 0
}

// folder goes down, not through links and not onto other drives: /proc and /sys are those, too.
func (s *search) folder(path string, depth int) error {
	folder, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil || depth > maxDepth {
		return nil // what may not be read is not searched
	}
	names, _, err := namesIn(folder)
	folder.Close()
	if err != nil {
		return nil
	}
	for _, each := range names {
		inside := filepath.Join(path, each.name)
		if !each.folder {
			if err := s.file(inside); err != nil {
				return err
			}
			continue
		}
		if info, err := os.Lstat(inside); err != nil || notSearched[each.name] || deviceOf(info) != s.device {
			continue
		}
		if err := s.folder(inside, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// enough notes which bound was reached.
func (s *search) enough() error {
	switch {
	case s.files >= maxSearched:
		s.cut = "files"
	case s.bytes >= maxSearchedData:
		s.cut = "bytes"
	case s.matches >= maxMatches:
		s.cut = "matches"
	case time.Now().After(s.end):
		s.cut = "time"
	default:
		return nil
	}
	return errEnough
}

func (s *search) file(path string) error {
	if err := s.enough(); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || deviceOf(info) != s.device {
		return nil
	}
	file, _, err := open(path, os.O_RDONLY)
	if err != nil {
		return nil
	}
	defer file.Close()
	s.files++
	before := s.matches
	err = s.through(file, path)
	if s.matches > before {
		err = errors.Join(err, s.desk.out.Flush())
	}
	return err
}

// through reads a file piece by piece, each ending with a line; a line longer than a piece is several.
func (s *search) through(file io.Reader, path string) error {
	line, at, have := 1, int64(0), 0
	for first := true; ; first = false {
		n, err := io.ReadFull(file, s.buffer[have:])
		have += n
		s.bytes += int64(n)
		if first && bytes.IndexByte(s.buffer[:min(have, 8000)], 0) >= 0 {
			return nil // no text
		}
		end := have
		if err == nil {
			if last := bytes.LastIndexByte(s.buffer[:have], '\n'); last >= 0 {
				end = last + 1
			}
		}
		if err := s.piece(s.buffer[:end], path, line, at); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
		line += bytes.Count(s.buffer[:end], []byte{'\n'})
		at += int64(end)
		have = copy(s.buffer, s.buffer[end:have])
		if err := s.enough(); err != nil {
			return err
		}
	}
}

// piece tells every line of it in which the text is, once.
func (s *search) piece(piece []byte, path string, line int, at int64) error {
	find := s.finder.in(piece)
	for from := 0; from < len(piece); {
		start, end := find(from)
		if start < 0 {
			return nil
		}
		head := bytes.LastIndexByte(piece[:start], '\n') + 1
		tail := len(piece)
		if next := bytes.IndexByte(piece[start:], '\n'); next >= 0 {
			tail = start + next
		}
		line += bytes.Count(piece[from:start], []byte{'\n'})
		if err := s.desk.say(shown(piece[head:tail], start-head, min(end, tail)-head, path, line, at+int64(head))); err != nil {
			return err
		}
		if s.matches++; s.matches >= maxMatches {
			return s.enough()
		}
		line++
		from = tail + 1
	}
	return nil
}

// shown cuts a line to what is around the match, between letters.
func shown(line []byte, start, end int, path string, number int, at int64) match {
	from, until := max(0, start-shownBefore), min(len(line), end+shownBehind, start+2*shownBehind)
	for from < start && !utf8.RuneStart(line[from]) {
		from++
	}
	for until < len(line) && !utf8.RuneStart(line[until]) {
		until--
	}
	text := string(line[from:until])
	return match{
		Path: strings.ToValidUTF8(path, "\uFFFD"), Line: number, At: at, Column: units(line[:start]), Length: units(line[start:end]),
		Text: strings.ToValidUTF8(strings.TrimRight(text, "\r"), "\uFFFD"), Before: units(line[from:start]),
	}
}

// units counts as browsers do.
func units(text []byte) int {
	count := 0
	for _, letter := range string(text) {
		count += max(1, utf16.RuneLen(letter))
	}
	return count
}
