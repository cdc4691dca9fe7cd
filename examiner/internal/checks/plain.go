package checks

import (
	"regexp"
	"slices"
	"strings"
)

// Plain tells whether a script does nothing but look at files and compare texts: it sets nothing, starts nothing and cannot end its
// shell, so a shell that waits can run it without a fork, and the next run finds that shell as it was. Whatever is not understood for
// certain is not plain.
func Plain(script string) bool {
	reader := plainReader{rest: script}
	commands := 0
	for {
		word, more := reader.next()
		switch {
		case reader.lost:
			return false
		case !more:
			return commands > 0
		case word.text == "\n" || slices.Contains(before, word.text) && !word.quoted:
		case word.quoted || !slices.Contains(harmless, word.text):
			return false
		default:
			if commands++; !reader.operands(word.text) {
				return false
			}
		}
	}
}

var (
	// before are words and operators behind which a command begins.
	before = []string{"!", "&&", "||", "if", "then", "elif", "else"}
	// harmless commands are builtins of every shell.
	harmless = []string{"test", "[", "true", "false", ":", "echo", "fi"}
	// between words of test that compare what stands on both sides.
	between = []string{"=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"}
	// refused words of test have it calculate, or combine more than can be followed here.
	refused = []string{"-v", "-R", "-a", "-o"}

	unary = regexp.MustCompile(`^-[a-zA-Z]$`)
	// bare holds no pattern: what one stands for is up to whoever names files.
	bare = regexp.MustCompile(`^[A-Za-z0-9_./:,@%+=!~\]-]+`)
	// value is one of a variable. Those that a shell makes up are told by their names.
	value  = regexp.MustCompile(`^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
	madeUp = regexp.MustCompile(`^(?:_|BASH.*|EPOCH.*|S?RANDOM|SECONDS|LINENO|PIPESTATUS|FUNCNAME|labyard_.*)$`)
)

type plainWord struct {
	text string
	// quoted: some of it is, so it is no operator; dynamic: some of it is known only when it runs.
	quoted, dynamic bool
}

// plainReader takes a script word by word; lost when there is something it does not know.
type plainReader struct {
	rest string
	lost bool
}

// operands reads the rest of a command, up to the operator behind it.
func (r *plainReader) operands(command string) bool {
	var words []plainWord
	for {
		word, more := r.next()
		if r.lost {
			return false
		}
		ends := !more || !word.quoted && slices.Contains([]string{"\n", "&&", "||"}, word.text)
		if !ends {
			words = append(words, word)
			continue
		}
		switch command {
		case "fi":
			return len(words) == 0
		case "[":
			last := len(words) - 1
			return last >= 0 && words[last].text == "]" && !words[last].quoted && decided(words[:last])
		case "test":
			return decided(words)
		}
		return true
	}
}

// decided tells whether a test's operators are known, so that no value is taken for one.
func decided(words []plainWord) bool {
	for at, word := range words {
		if slices.Contains(refused, word.text) {
			return false
		}
		if !word.dynamic || len(words) == 1 {
			continue
		}
		compared := at+1 < len(words) && operator(words[at+1], false) || at > 0 && operator(words[at-1], true)
		if !compared {
			return false
		}
	}
	return true
}

func operator(word plainWord, first bool) bool {
	return !word.dynamic && (slices.Contains(between, word.text) || first && unary.MatchString(word.text))
}

// next is the next word or operator; a semicolon is a line's end.
func (r *plainReader) next() (plainWord, bool) {
	r.skip()
	if r.rest == "" {
		return plainWord{}, false
	}
	for _, operator := range []string{"&&", "||", ";", "\n"} {
		if rest, found := strings.CutPrefix(r.rest, operator); found {
			r.rest = rest
			if operator == ";" {
				operator = "\n"
			}
			return plainWord{text: operator}, true
		}
	}
	var word plainWord
	r.lost = strings.ContainsRune("&|", rune(r.rest[0]))
	for r.rest != "" && !strings.ContainsRune(" \t\n;&|", rune(r.rest[0])) && !r.lost {
		r.piece(&word)
	}
	return word, true
}

func (r *plainReader) skip() {
	for {
		r.rest = strings.TrimLeft(r.rest, " \t")
		if rest, joined := strings.CutPrefix(r.rest, "\\\n"); joined {
			r.rest = rest
		} else if strings.HasPrefix(r.rest, "#") {
			_, rest, ended := strings.Cut(r.rest, "\n")
			if r.rest = rest; ended {
				r.rest = "\n" + rest
			}
		} else {
			return
		}
	}
}

// piece adds what is written in one way: bare, or in quotes of one kind.
func (r *plainReader) piece(word *plainWord) {
	switch r.rest[0] {
	case '\'':
		text, rest, ended := strings.Cut(r.rest[1:], "'")
		word.text, word.quoted, r.rest, r.lost = word.text+text, true, rest, !ended
	case '"':
		word.quoted = true
		r.rest = r.rest[1:]
		r.double(word)
	default:
		found := bare.FindString(r.rest)
		if found == "" && strings.HasPrefix(r.rest, "[") && word.text == "" {
			found = "["
		}
		word.text, r.rest, r.lost = word.text+found, r.rest[len(found):], found == ""
	}
}

// double reads up to the closing quote.
func (r *plainReader) double(word *plainWord) {
	for {
		text := strings.IndexAny(r.rest, "\"$`\\")
		if text < 0 {
			r.lost = true
			return
		}
		word.text, r.rest = word.text+r.rest[:text], r.rest[text:]
		if rest, ended := strings.CutPrefix(r.rest, "\""); ended {
			r.rest = rest
			return
		}
		found := value.FindStringSubmatch(r.rest)
		if found == nil || madeUp.MatchString(found[1]+found[2]) {
			r.lost = true
			return
		}
		word.dynamic, r.rest = true, r.rest[len(found[0]):]
	}
}
