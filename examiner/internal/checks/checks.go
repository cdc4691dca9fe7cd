// Package checks is what tasks' scripts find there without having written it: functions that ask container engines, and those
// that an image's author put into a folder. docs/reference/check-functions.md says what each of them does.
package checks

import (
	_ "embed"
	"os"
	"strings"
)

// Folders are where an image's author puts functions.
var Folders = []string{"/opt/labyard/checks.d", "/opt/iximiuz-labs/examiner/checks.d"}

//go:embed functions.sh
var functions string

const heading = "#:: "

// families by name, in the order of the file; common is what the others are made of.
var families, common = parts(functions)

type family struct{ name, text string }

func parts(text string) ([]family, string) {
	var found []family
	for _, part := range strings.Split(text, heading)[1:] {
		name, text, _ := strings.Cut(part, "\n")
		found = append(found, family{name, text})
	}
	return found[1:], found[0].text
}

// Existing are those of folders that are there.
func Existing(folders []string) []string {
	var there []string
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			there = append(there, folder)
		}
	}
	return there
}

// Prelude is what is to be put before each of scripts: the families of functions that any of them names, for a shell need not read
// the rest at every run, and whatever is in folders. A folder's functions may call any of ours.
func Prelude(folders []string, scripts ...string) string {
	var prelude strings.Builder
	for _, each := range families {
		if len(folders) == 0 && !named(each.name, scripts) {
			continue
		}
		if prelude.Len() == 0 {
			prelude.WriteString(common)
		}
		prelude.WriteString(each.text)
	}
	for _, folder := range folders {
		prelude.WriteString("for labyard_file in " + quoted(folder) + "/*; do\n" +
			"  if [ -f \"$labyard_file\" ] && [ -r \"$labyard_file\" ]; then . \"$labyard_file\"; fi\ndone\nunset labyard_file\n")
	}
	return prelude.String()
}

func named(family string, scripts []string) bool {
	for _, script := range scripts {
		if strings.Contains(script, family+"_container_") || strings.Contains(script, family+"_image_") {
			return true
		}
	}
	return false
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
