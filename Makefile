# AnyCheck. "make run" starts it, "make test" proves it, "make help" lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X anycheck/internal/cli.Version=$(VERSION)
# Development and CI read models from the folder beside the checkout when it is there.
ifneq ($(wildcard ../shared/models/models.json),)
export ANYCHECK_MODELS_DIR ?= $(abspath ../shared/models)
endif

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: deps
deps: ## Install what is missing: compiler, ONNX Runtime
	@scripts/deps.sh
	@scripts/install-onnxruntime.sh

.PHONY: build
build: deps ## Build bin/anycheck, which carries all it needs
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/anycheck ./cmd/anycheck

.PHONY: run
run: build ## Build, install models, migrate and serve on 127.0.0.1:8080
	@bin/anycheck models pull --best-effort
	@bin/anycheck serve

.PHONY: demo
demo: build ## Drive the running system (or a temporary one) through a whole verification
	@bin/anycheck demo $(DEMO_FLAGS)

.PHONY: test
test: deps vet ## Run every test, with the race detector, on SQLite and PostgreSQL
	@scripts/test.sh

.PHONY: vet
vet: deps ## Formatting, go vet, staticcheck
	@test -z "$$(gofmt -l cmd client internal)" || { echo "gofmt these files:"; gofmt -l cmd client internal; exit 1; }
	go vet ./...
	go tool staticcheck ./...

.PHONY: bench
bench: build ## Measure the pipeline and the engines on this machine
	@scripts/bench.sh

.PHONY: generate
generate: ## Rewrite generated files: configuration page, OpenAPI document and its examples, goldens, notices
	go test ./internal/config -run TestDocument -update
	go test ./internal/app -run TestExamples -update
	go test ./internal/httpapi -run TestErrorExamples -update
	go test ./internal/httpapi -update
	scripts/notices.sh

.PHONY: training-deps
training-deps: ## Install what training the recogniser needs: Debian's PyTorch, OpenCV, fonts
	@scripts/training-deps.sh

# START=path of a model trains from its weights; without it from nothing.
MINUTES ?= 90
START ?= training/ktp_ctc_v1.onnx
.PHONY: train
train: training-deps ## Train the line recogniser for MINUTES (90) and keep it in build/training
	/usr/bin/python3 training/train.py $(if $(START),--init $(START)) --minutes $(MINUTES) --out build/training

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin build
