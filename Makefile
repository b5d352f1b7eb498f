# Everything a developer needs. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PORT ?= 8080
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
GOFLAGS_BUILD := -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
TOOLS := $(CURDIR)/.tools
STATICCHECK := $(TOOLS)/bin/staticcheck

# The Lambda build targets that `sam build` calls.
include .ci/sam.mk

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-zA-Z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: bin/fallow
bin/fallow:
	@CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o bin/fallow ./cmd/fallow

.PHONY: run
run: bin/fallow ## Serve on 127.0.0.1:8080 (PORT=…), with the keys in the environment or a simulated provider
	@exec bin/fallow serve --listen 127.0.0.1:$(PORT) --store file:.fallow/state-$(PORT).db

.PHONY: build
build: bin/fallow build-lambda ## Build bin/fallow and the Lambda binaries

.PHONY: tools
tools: ## Install what tests and checks need, pinned, below .tools/
	@.ci/install-emulator
	@test -x $(STATICCHECK) || GOBIN=$(TOOLS)/bin go install honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: test
test: tools ## Run the tests, against a DynamoDB emulator where it matters
	@go test -shuffle=on ./...

.PHONY: check
check: format-check lint race fuzz-wire template-check stack-smoke e2e ## Everything CI runs

.PHONY: format-check
format-check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "run gofmt -w on: $$out"; exit 1; }
	@go mod tidy -diff

.PHONY: lint
lint: tools
	@go vet ./...
	@$(STATICCHECK) ./...

.PHONY: race
race: tools
	@go test -race -shuffle=on ./...

.PHONY: cover
cover: tools ## Statement coverage of the packages that must stay above 90 %
	@.ci/cover

.PHONY: e2e
e2e: build tools ## Real SDKs, stuck key, outages and rotation, in server mode and on Lambda environments
	@.ci/e2e

HOST_ARCH = $(shell go env GOARCH)
.PHONY: coldstart
coldstart: tools ## Process start to the first Runtime API poll of the gateway function, 30 times
	@$(MAKE) --no-print-directory build-lambda LAMBDA_ARCH=$(HOST_ARCH) LAMBDA_DIR=bin/lambda-$(HOST_ARCH)
	@go test -tags e2e -count=1 -run TestColdStart -v ./internal/endtoend | grep poll

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (20s)
	@.ci/fuzz $(FUZZTIME)

.PHONY: fuzz-wire
fuzz-wire: ## Run those of what comes over the wire: readers, decoders, translators (FUZZTIME=20s)
	@.ci/fuzz $(FUZZTIME) internal/sse internal/chat internal/messages internal/responses internal/provider/bedrock internal/provider/anthropic

CHECKS ?= 100000
.PHONY: nightly
nightly: tools ## What is too long for every change: 100,000 interleavings of the limiter, ten minutes for each fuzz target
	@go test -timeout 120m -run Machine ./internal/pool ./internal/rebalance -rapid.checks=$(CHECKS)
	@.ci/fuzz 10m

SEEDS ?= 5
.PHONY: simulate
simulate: ## The limiter in virtual time beside baselines and an oracle (SEEDS=5)
	@go test -count=1 -run TestTables -v -timeout 60m ./internal/simulation -args -seeds $(SEEDS) | grep -vE '^(=== |---|    )'

MINUTES ?= 5
.PHONY: limiter-lambda
limiter-lambda: tools ## The limiter in 40 Lambda environments at 0.85 of the demand, in real time (MINUTES=5)
	@$(MAKE) --no-print-directory build-lambda LAMBDA_ARCH=$(HOST_ARCH) LAMBDA_DIR=bin/lambda-$(HOST_ARCH)
	@go test -tags e2e -count=1 -run TestLimiter -v -timeout 60m ./internal/endtoend -args -minutes $(MINUTES) | grep -vE '^(=== |---)'

ROUNDS ?= 300
.PHONY: bench-lambda
bench-lambda: tools ## On Lambda's share of a processor for 128, 256, 512 MB: start, first request, added time (ROUNDS=300; root)
	@$(MAKE) --no-print-directory build-lambda LAMBDA_ARCH=$(HOST_ARCH) LAMBDA_DIR=bin/lambda-$(HOST_ARCH)
	@go test -tags e2e -count=1 -run TestReal ./internal/lambdabed/cgroup
	@go test -tags e2e,bench -count=1 -run TestOnLambda -v -timeout 60m ./internal/endtoend -args -rounds $(ROUNDS) | grep -vE '^ *(=== |---)'

.PHONY: hotpath
hotpath: tools ## What a booking adds: beside the emulator's bare write, in calls of the table, in allocations
	@go test -tags e2e -count=1 -run TestHotPath -v ./internal/endtoend | grep -vE '^(=== |---)'
	@go test -count=1 -run TestTables -v ./internal/simulation -args -seeds $(SEEDS) -scenario storm,tight,thousand -limiter fallow | \
		sed -n '/^| scenario | requests/,/^$$/p'
	@go test -run '^$$' -bench 'Request|Reserve' -benchmem ./internal/pool

.PHONY: bench
bench: ## Benchmarks with allocations
	@go test -run '^$$' -bench . -benchmem ./internal/...

SCENARIO ?= morning
.PHONY: bench-peers
bench-peers: bin/fallow ## Fallow beside LiteLLM and Portkey on a storm, one after the other (SCENARIO=morning, COMPRESS=1, SEED=1)
	@.ci/install-peers
	@exec .tools/litellm/bin/python .ci/bench-peers $(SCENARIO)

.PHONY: bench-storms
bench-storms: bin/fallow ## Fallow alone on every storm: one table of the goals met and missed (SCENARIO=…, SEED=1)
	@exec python3 .ci/bench-storms $(if $(filter file,$(origin SCENARIO)),,$(SCENARIO))

TIME ?= 3s
OVERHEAD_ROUNDS ?= 3
.PHONY: bench-overhead
bench-overhead: bin/fallow ## What Fallow adds beside a bare proxy, nginx, LiteLLM and Portkey, 30 minutes (TIME=3s, OVERHEAD_ROUNDS=3)
	@.ci/install-nginx
	@.ci/install-peers
	@go run ./cmd/bench overhead --time $(TIME) --rounds $(OVERHEAD_ROUNDS)

.PHONY: bench-quick
bench-quick: bin/fallow ## The ratios that must not slip, in less than a minute; docs/benchmarks/history.md has those of before
	@go run ./cmd/bench quick

.PHONY: profile
profile: ## Profiles of the server mode under load: cpu.pprof and allocs.pprof in bin/
	@CGO_ENABLED=0 go build -trimpath -tags pprof -o bin/fallow-pprof ./cmd/fallow
	@go run ./cmd/bench profile --out bin

.PHONY: clean
clean: ## Remove what was built (not the tools)
	@rm -rf bin .aws-sam .fallow coverage.out
