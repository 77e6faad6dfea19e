package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// fact is one thing to know about the machine that measured.
type fact struct{ name, value string }

// machine says what the numbers were measured on and with. What the system does
// not tell is left out.
func machine(ctx context.Context, quarry string) ([]fact, error) {
	version, err := duckdbVersion(ctx)
	if err != nil {
		return nil, err
	}
	facts := []fact{
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"processor", procValue("/proc/cpuinfo", "model name")},
		{"memory", memory(procValue("/proc/meminfo", "MemTotal"))},
		{"system", system()},
		{"Go", runtime.Version()},
		{"DuckDB", version},
		{"gzip", firstOutput(ctx, "gzip", "--version")},
		{"quarry", firstOutput(ctx, quarry, "version")},
	}
	var known []fact
	for _, f := range facts {
		if f.value != "" {
			known = append(known, f)
		}
	}
	return known, nil
}

// procValue is the value of the first line "key : value" of a file of /proc.
func procValue(path, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// memory turns the kernel's "24689000 kB" into GiB.
func memory(text string) string {
	kib, err := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%.0f GiB", kib/(1<<20))
}

func system() string {
	name := runtime.GOOS + "/" + runtime.GOARCH
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return name
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(value), `"`) + ", " + name
		}
	}
	return name
}

func firstOutput(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
