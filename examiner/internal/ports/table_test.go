package ports

import (
	"strings"
	"testing"
)

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func line(local, state string) string {
	return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"
}

func TestParse(t *testing.T) {
	table := head + line("020010AC:0050", "0A") + line("020010AC:A000", "01") + line("00000000:1F90", "0A") +
		line("00000000000000000000000001000000:0BB8", "0A") + line("0000000000000000FFFF00000100007F:1388", "0A") +
		line("x:0050", "0A") + line("00000000:0050AAAA", "0A") + line("000000:0050", "0A") + "   0: 00000000:0050 0A\n\x00\n"
	var told []string
	for _, each := range parse(strings.NewReader(table)) {
		if each.inode != 4711 {
			t.Error(each)
		}
		told = append(told, each.address.String())
	}
	if got := strings.Join(told, " "); got != "172.16.0.2 0.0.0.0 ::1 127.0.0.1" {
		t.Error(got)
	}
	if long := parse(strings.NewReader(strings.Repeat(line("00000000:0050", "0A"), 100_000))); len(long) == 0 || len(long) > maxTable/100 {
		t.Error(len(long))
	}
}

func TestTargets(t *testing.T) {
	for local, expected := range map[string]string{
		"00000000:0050":                         "[127.0.0.1]",
		"020010AC:0050":                         "[172.16.0.2]",
		"00000000000000000000000000000000:0050": "[127.0.0.1 ::1]",
		"000080FE000000000000000001000000:0050": "[]", // fe80::1, of which link?
	} {
		for _, each := range parse(strings.NewReader(line(local, "0A"))) {
			var told []string
			for _, address := range each.targets() {
				told = append(told, address.String())
			}
			if got := "[" + strings.Join(told, " ") + "]"; got != expected {
				t.Error(local, got)
			}
		}
	}
}
