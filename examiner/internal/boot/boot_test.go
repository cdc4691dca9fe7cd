package boot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const good = `{"hostname": "node-01", "init": "auto", "first_boot": true,
 "hosts": [{"address": "172.16.0.2", "names": ["node-01", "node-01.local"]}], "resolv": ["172.16.0.1"],
 "interfaces": [{"device": "eth0", "mac": "52:54:00:00:00:01", "address": "172.16.0.2/24", "gateway": null}],
 "drives": [{"device": "vda", "mount": "/", "filesystem": "ext4", "read_only": false, "grow": true},
            {"device": "vdb", "mount": "/data", "filesystem": "xfs"}, {"device": "vdc"}],
 "users": [{"name": "root"}, {"name": "laborant", "default": true, "welcome": "hi"}],
 "startup_files": [{"path": "/etc/motd", "content_base64": "aGk=", "append": false, "owner": "0:0", "mode": 420}]}`

func TestConfig(t *testing.T) {
	config, err := ParseConfig([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if config.DefaultUser() != "laborant" || config.Root().Device != "vda" || string(config.StartupFiles[0].Content) != "hi" {
		t.Fatalf("%+v", config)
	}
}

func TestConfigIsStrict(t *testing.T) {
	for old, bad := range map[string]string{
		`"hostname": "node-01"`:  `"hostname": "a b"`,
		`"init": "auto"`:         `"init": "runit"`,
		`"first_boot"`:           `"frist_boot"`,
		`"172.16.0.2", "names"`:  `"172.16.0", "names"`,
		`["172.16.0.1"]`:         `["x\nnameserver y"]`,
		`"node-01.local"`:        `"x\n1.2.3.4 y"`,
		`"172.16.0.2/24"`:        `"172.16.0.2"`,
		`"mount": "/", `:         `"mount": "/root", `,
		`"mount": "/data"`:       `"mount": "/"`,
		`"device": "vdb"`:        `"device": "../vdb"`,
		`"xfs"`:                  `"ntfs"`,
		`"/etc/motd"`:            `"etc/motd"`,
		`"aGk="`:                 `"%"`,
		`"mode": 420`:            `"mode": 99999`,
		`{"name": "laborant"`:    `{"name": "a:b"`,
		`"startup_files": [{`:    `"startup_files": [{"x": 1, `,
		`"drives": [{"device": `: `"drives": [7, {"device": `,
	} {
		if !strings.Contains(good, old) {
			t.Fatalf("the case %s has lost its place", old)
		}
		if _, err := ParseConfig([]byte(strings.Replace(good, old, bad, 1))); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestHostsKeepsWhatALearnerWrote(t *testing.T) {
	hosts := []Host{{"172.16.0.2", []string{"node-01"}}}
	first := hostsText("", hosts)
	if !strings.Contains(first, "127.0.0.1 localhost\n") || !strings.Contains(first, "\n172.16.0.2 node-01\n") {
		t.Fatal(first)
	}
	edited := first + "10.0.0.9 mine\n"
	again := hostsText(edited, []Host{{"172.16.0.3", []string{"node-02"}}})
	if !strings.Contains(again, "10.0.0.9 mine\n") || strings.Contains(again, "node-01") || !strings.Contains(again, "172.16.0.3 node-02\n") {
		t.Fatal(again)
	}
	if hostsText(again, []Host{{"172.16.0.3", []string{"node-02"}}}) != again {
		t.Fatal("not stable")
	}
}

func TestFstab(t *testing.T) {
	drives := []Drive{{Device: "vda", Mount: "/", Filesystem: "ext4"}, {Device: "vdb", Mount: "/my data", Filesystem: "xfs"}, {Device: "vdc"}, {Device: "vdd", Mount: "/d", Filesystem: "ext4", ReadOnly: true}}
	want := "# old\n/dev/vdb /my\\040data xfs defaults,nofail 0 0\n/dev/vdd /d ext4 ro,nofail 0 0\n"
	if got := fstabText("# old", drives); got != want {
		t.Fatal(got)
	}
	if got := fstabText("/dev/vdb /elsewhere ext4 defaults 0 0\nUUID=x /d ext4 ro 0 0\n", drives); strings.Contains(got, "nofail") {
		t.Fatal(got)
	}
}

func TestModulesInTheirOrder(t *testing.T) {
	dep := "kernel/fs/btrfs/btrfs.ko.xz: kernel/lib/raid6_pq.ko.xz kernel/crypto/xor.ko.xz\nkernel/crypto/xor.ko.xz:\nkernel/net/virtio-rng.ko:\n"
	want := []string{"kernel/crypto/xor.ko.xz", "kernel/lib/raid6_pq.ko.xz", "kernel/fs/btrfs/btrfs.ko.xz"}
	if got := resolve(dep, "btrfs"); !slices.Equal(got, want) {
		t.Fatal(got)
	}
	if got := resolve(dep, "virtio_rng"); len(got) != 1 {
		t.Fatal(got)
	}
	if resolve(dep, "xfs") != nil {
		t.Fatal("found what is not there")
	}
}

func TestReplaceFileTakesTheLinksPlace(t *testing.T) {
	folder := t.TempDir()
	outside := filepath.Join(folder, "outside")
	if err := os.WriteFile(outside, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "new", "file")
	if err := replaceFile(link, []byte("one"), 0o640, os.Getuid(), os.Getgid()); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(link)
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("two"), 0o4750, os.Getuid(), os.Getgid()); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(outside); string(text) != "before" {
		t.Fatal("the link was followed")
	}
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() || info.Mode()&os.ModeSetuid == 0 {
		t.Fatal(info, err)
	}
}

func TestAddLineAndMachineID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, line := range []string{"a", "b"} {
		if err := addLine(path, line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(path); string(text) != "a\nb\n" {
		t.Fatalf("%q", text)
	}
	id := filepath.Join(t.TempDir(), "machine-id")
	if err := os.WriteFile(id, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := makeMachineID(id); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(id)
	if err := makeMachineID(id); err != nil || len(first) != 33 {
		t.Fatal(err, len(first))
	}
	if again, _ := os.ReadFile(id); string(again) != string(first) {
		t.Fatal("it was made twice")
	}
}

func TestOwners(t *testing.T) {
	for owner, want := range map[string][2]int{"": {0, 0}, "0:0": {0, 0}, "root": {0, 0}, "1000": {1000, 1000}, "5:7": {5, 7}, "root:5": {0, 5}} {
		if uid, gid, err := ownerOf(owner); err != nil || uid != want[0] || gid != want[1] {
			t.Errorf("%q: %d:%d %v", owner, uid, gid, err)
		}
	}
	for _, owner := range []string{"no-such-user", "root:no-such-group", "-1"} {
		if _, _, err := ownerOf(owner); err == nil {
			t.Errorf("%q was taken", owner)
		}
	}
}
