package link

import "testing"

func TestWord(t *testing.T) {
	for _, each := range []struct{ object, key, value string }{
		{`{"version":1,"epoch":"0af3"}`, "epoch", "0af3"},
		{`{"version": 1, "epoch": "0af3"}`, "epoch", "0af3"},
		{`{"version":1,"epoch":"0af3"}`, "version", "1"},
		{`{"set_ns":12}`, "set_ns", "12"},
		{`{"epoch":"0a`, "epoch", ""},
		{`{"epoch":"a\"b"}`, "epoch", ""},
		{`{"epoch":`, "epoch", ""},
		{`{"epoch":12`, "epoch", ""},
		{`{}`, "epoch", ""},
		{``, "epoch", ""},
	} {
		if value := Word([]byte(each.object), each.key); value != each.value {
			t.Errorf("%s of %s is %q, not %q", each.key, each.object, value, each.value)
		}
	}
}
