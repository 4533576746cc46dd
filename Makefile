# Skybridge. `make` or `make help` lists what there is.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod

# Tests have a longer life than go's ten minutes: the end-to-end ones place calls
# in real time, and a machine that has more to do takes a multiple of it.
TESTFLAGS := -race -shuffle=on -timeout=30m

.DEFAULT_GOAL := help

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## build: bin/skybridge
build: deps
	go build -ldflags '$(LDFLAGS)' -o bin/skybridge ./cmd/skybridge

## run: install what is missing, build, and start with the embedded defaults
run: build
	bin/skybridge serve

## test: install the test peers, build, vet, and run every test (PKGS=./...)
PKGS ?= ./...
test: peers build
	go vet $(PKGS)
	go build -o bin/tally ./internal/presubmit/tally
	go build -race -ldflags '$(LDFLAGS)' -o bin/skybridge.race ./cmd/skybridge
	@SKYBRIDGE_BINARY=$(CURDIR)/bin/skybridge.race bin/tally scripts/test.sh $(TESTFLAGS) -- $(PKGS)

## sdk: the TypeScript SDK's types, from the server's OpenAPI document, and its build (both committed)
sdk: peers build
	@scripts/openapi.sh bin/skybridge bin/openapi.json
	@scripts/sdk.sh web/sdk/dist bin/openapi.json

## bench: Skybridge beside Asterisk, Janus and rtpengine, into docs/benchmarks.md (BENCH=short)
bench: build
	@scripts/bench.sh

## microbench: every benchmark beside the code, with allocations
microbench: deps
	go test -run '^$$' -bench . -benchmem ./...

## check: gofmt, vet, the repository's own rules, and the linters
check: deps
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo 'gofmt: the files above are not formatted'; exit 1; }
	go vet ./...
	go test -count=1 ./internal/presubmit/...
	$(TOOL) golangci-lint run ./...

## fuzz: every fuzz target for a few seconds (FUZZTIME=10s)
FUZZTIME ?= 10s
fuzz: deps
	@scripts/fuzz.sh $(FUZZTIME)

## clean: remove what was built
clean:
	rm -rf bin

# What the build needs: a C compiler and libopus.
deps:
	@scripts/apt-need.sh gcc libc6-dev pkg-config libopus-dev

peers:
	@testdata/peers/install.sh

.PHONY: help build run test sdk bench microbench check fuzz clean deps peers
