package link

import "bytes"

// Word is the value of a key in a flat JSON object whose strings need no escapes, as a host writes a hello; "" when there is
// none. The first thing a fork does is to read one, and an emulator translates encoding/json for longer than all the rest takes.
func Word(object []byte, key string) string {
	_, rest, found := bytes.Cut(object, []byte("\""+key+"\":"))
	if !found {
		return ""
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) > 0 && rest[0] == '"' {
		value, _, closed := bytes.Cut(rest[1:], []byte{'"'})
		if !closed || bytes.IndexByte(value, '\\') >= 0 {
			return ""
		}
		return string(value)
	}
	end := bytes.IndexAny(rest, ",} ")
	if end < 0 {
		return ""
	}
	return string(rest[:end])
}
