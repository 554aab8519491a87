# Tests need Postgres and Chromium beside Go; `make test` sees to both on Debian as root, elsewhere it says what to install.
SHELL := /bin/bash
TAGS := nomsgpack
GO := go
LINT := $(CURDIR)/bin/golangci-lint
LINT_VERSION := v2.15.0
STRIPE_MOCK := $(CURDIR)/bin/stripe-mock
STRIPE_MOCK_VERSION := v0.183.0

.PHONY: help run build test lint bench fuzz tools

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## Open the demo shop
	$(GO) run -tags $(TAGS) ./cmd/sotto demo

build: ## Build one stripped binary, ./sotto
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -trimpath -ldflags '-s -w' -o sotto ./cmd/sotto

test: tools ## Run every test on SQLite and on Postgres, with the race detector
	./scripts/test

tools: $(STRIPE_MOCK)
	./scripts/setup

$(STRIPE_MOCK):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/stripe/stripe-mock@$(STRIPE_MOCK_VERSION)

lint: $(LINT) ## Check style and the usual mistakes
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

bench: ## Measure the product beside the physical limit, in one run, as ratios
	./scripts/setup
	$(GO) test -tags $(TAGS) -run '^$$' -bench Goals -benchtime 1x -timeout 30m ./bench

fuzz: ## Fuzz every parser of outside bytes, a short while each
	./scripts/fuzz
