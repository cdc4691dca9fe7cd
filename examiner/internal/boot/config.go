// Package boot makes a machine out of a kernel and drives: it is the first process, and the last one where an image has no init.
package boot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path"
	"strings"
)

const maxConfig = 8 << 20

// Config is /labyard/config.json, described in docs/develop/architecture.md.
type Config struct {
	Hostname     string      `json:"hostname"`
	Init         string      `json:"init"`
	Hosts        []Host      `json:"hosts"`
	Resolv       []string    `json:"resolv"`
	Interfaces   []Interface `json:"interfaces"`
	Drives       []Drive     `json:"drives"`
	Users        []User      `json:"users"`
	StartupFiles []File      `json:"startup_files"`
	FirstBoot    bool        `json:"first_boot"`
}

// Host is a line of /etc/hosts.
type Host struct {
	Address string   `json:"address"`
	Names   []string `json:"names"`
}

// Interface is found by its MAC and renamed to Device. Address has a prefix length; Gateway may be empty.
type Interface struct {
	Device  string `json:"device"`
	MAC     string `json:"mac"`
	Address string `json:"address"`
	Gateway string `json:"gateway"`
}

// Drive is a disk of the machine; one of them has Mount "/".
type Drive struct {
	Device     string `json:"device"`
	Mount      string `json:"mount"`
	Filesystem string `json:"filesystem"`
	ReadOnly   bool   `json:"read_only"`
	Grow       bool   `json:"grow"`
}

// User is created where the image lacks it. An empty welcome shows nothing.
type User struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Welcome string `json:"welcome"`
}

// File is written before the image's init runs.
type File struct {
	Path    string `json:"path"`
	Content []byte `json:"content_base64"`
	Append  bool   `json:"append"`
	Owner   string `json:"owner"`
	Mode    uint32 `json:"mode"`
}

// ReadConfig reads and checks the file at name.
func ReadConfig(name string) (*Config, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err != nil {
		return nil, err
	}
	return ParseConfig(text)
}

// ParseConfig is strict: what is not understood would otherwise be a machine that is not what its author wrote.
func ParseConfig(text []byte) (*Config, error) {
	if len(text) > maxConfig {
		return nil, errors.New("config.json is too long")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var config Config
	if err := decoder.Decode(&config); err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	return &config, nil
}

func (c *Config) check() error {
	switch c.Init {
	case "":
		c.Init = "auto"
	case "auto", "image", "examiner":
	default:
		return fmt.Errorf("init %q is none of auto, image, examiner", c.Init)
	}
	if !plain(c.Hostname, 64) {
		return fmt.Errorf("hostname %q", c.Hostname)
	}
	roots := 0
	for _, drive := range c.Drives {
		if err := drive.check(); err != nil {
			return err
		}
		if drive.Mount == "/" {
			roots++
		}
	}
	if roots != 1 {
		return fmt.Errorf("%d drives are mounted at /, not one", roots)
	}
	for _, inner := range c.Interfaces {
		if err := inner.check(); err != nil {
			return err
		}
	}
	for _, user := range c.Users {
		if !plain(user.Name, 32) {
			return fmt.Errorf("user %q", user.Name)
		}
	}
	for _, file := range c.StartupFiles {
		if !path.IsAbs(file.Path) || strings.ContainsRune(file.Path, 0) || file.Mode > 0o7777 {
			return fmt.Errorf("startup file %q", file.Path)
		}
	}
	return c.checkNames()
}

func (c *Config) checkNames() error {
	for _, host := range c.Hosts {
		if _, err := netip.ParseAddr(host.Address); err != nil {
			return err
		}
		for _, name := range host.Names {
			if !plain(name, 255) {
				return fmt.Errorf("host name %q", name)
			}
		}
	}
	for _, server := range c.Resolv {
		if _, err := netip.ParseAddr(server); err != nil {
			return err
		}
	}
	return nil
}

func (d Drive) check() error {
	if len(d.Device) < 3 || len(d.Device) > 8 || !strings.HasPrefix(d.Device, "vd") || !plain(d.Device, 8) {
		return fmt.Errorf("drive %q", d.Device)
	}
	if d.Mount != "" && (!path.IsAbs(d.Mount) || strings.ContainsAny(d.Mount, "\x00\n")) {
		return fmt.Errorf("drive %s: mount %q", d.Device, d.Mount)
	}
	switch d.Filesystem {
	case "", "ext2", "ext3", "ext4", "xfs", "btrfs":
	default:
		return fmt.Errorf("drive %s: filesystem %q", d.Device, d.Filesystem)
	}
	return nil
}

func (i Interface) check() error {
	if !plain(i.Device, 15) {
		return fmt.Errorf("interface %q", i.Device)
	}
	if _, err := netip.ParsePrefix(i.Address); i.Address != "" && err != nil {
		return err
	}
	if _, err := netip.ParseAddr(i.Gateway); i.Gateway != "" && err != nil {
		return err
	}
	return nil
}

// plain: letters, digits, dots, dashes and underscores; not empty, not longer than most.
func plain(text string, most int) bool {
	for _, c := range text {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c)) {
			return false
		}
	}
	return text != "" && len(text) <= most
}

// DefaultUser is who programs run as when nobody is named.
func (c *Config) DefaultUser() string {
	for _, user := range c.Users {
		if user.Default {
			return user.Name
		}
	}
	if len(c.Users) > 0 {
		return c.Users[0].Name
	}
	return "root"
}

// Root is the drive mounted at /.
func (c *Config) Root() Drive {
	for _, drive := range c.Drives {
		if drive.Mount == "/" {
			return drive
		}
	}
	return Drive{}
}
