# Every target does its own set-up: Go fetches the modules that go.sum pins, and
# nothing is installed. Needed: Go as go.mod says, make, git, a C and C++ compiler.

GO ?= go
FUZZTIME ?= 10m
BENCHFLAGS ?=

# A tree without git history, as from an archive, builds as "devel".
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -X main.version=$(VERSION)

# go run keeps it out of go.mod: its dependencies are not ours.
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

export CGO_ENABLED := 1

.PHONY: all build test lint format-check vet staticcheck tidy-check race bench fuzz clean

all: build

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/quarry ./cmd/quarry

# The cheap checks come first, so that a slip is known in seconds; all are run
# though one fails, so that one run shows everything.
test:
	@status=0; \
	$(MAKE) --no-print-directory -k lint || status=1; \
	$(MAKE) --no-print-directory race || status=1; \
	exit $$status

# With the race detector, which makes tests five times as slow, what runs things at
# once: the engine, without its longest comparisons, and some of the command. What
# these leave out runs without it.
race:
	$(GO) test -race -short -timeout 18m ./engine/...
	$(GO) test -race -timeout 18m -run 'TestInterruptedLoad|TestScript/(load|hunt|match)$$' ./cmd/quarry
	$(GO) test -timeout 18m -run '^TestKill$$' ./engine/load
	$(GO) test -timeout 18m ./cmd/... ./queries/... ./schemas/... ./engine/decode/... ./engine/evidence ./engine/match ./engine/seal ./engine/sigma ./engine/unwrap

lint: format-check tidy-check vet staticcheck

format-check:
	@out="$$(gofmt -l cmd engine schemas queries testdata)"; \
	if [ -n "$$out" ]; then echo "not formatted, run gofmt -w on:"; echo "$$out"; exit 1; fi

tidy-check:
	$(GO) mod tidy -diff

vet:
	$(GO) vet ./...

staticcheck:
	$(STATICCHECK) ./...

# BENCHFLAGS="-scale 0.05 -runs 1" tries it in a minute.
bench: build
	$(GO) run ./cmd/bench $(BENCHFLAGS)

# Every fuzz target there is, one after the other, each for FUZZTIME.
fuzz:
	@set -e; packages="$$($(GO) list ./...)"; \
	for package in $$packages; do \
		listed="$$($(GO) test -list '^Fuzz' $$package)"; \
		for target in $$listed; do \
			case "$$target" in Fuzz*) ;; *) continue ;; esac; \
			echo "== $$package $$target, $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

clean:
	rm -rf bin .cache
