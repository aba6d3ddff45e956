# Fanfare. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

local = go build -o build/bin/local ./internal/local && exec build/bin/local
# A missing program is told in one sentence, before anything else fails in many.
needs_go = command -v go >/dev/null 2>&1 || { echo "Go is missing: install Go 1.26 or later (https://go.dev/dl, brew install go)" >&2; exit 1; }

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Play deployments through all of Fanfare on this machine, then stop
	@$(needs_go)
	@$(local) demo

.PHONY: up
up: ## Start the local world and leave it running (build/local/env is to be sourced)
	@$(needs_go)
	@$(local) up

.PHONY: down
down: ## Stop the local world
	@$(needs_go)
	@$(local) down

.PHONY: send
send: ## Play one event in the local world: EVENT=file.json, JSON=1 for one JSON object
	@$(needs_go)
	@$(local) send $(if $(filter-out 0,$(JSON)),-json) "$(EVENT)"
