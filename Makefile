# Fanfare. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
export EVENT
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20

# The program behind most targets; it installs what it needs below build.
local = $(needs_go); $(first_time); go build -o build/bin/local ./internal/local && exec build/bin/local
# A missing program is told in one sentence, before anything else fails in many.
needs_go = command -v go >/dev/null 2>&1 || { echo "Go is missing: install Go 1.26 or later, from https://go.dev/dl or with 'brew install go'." >&2; exit 1; }
first_time = test -x build/bin/local || echo "compiling the local world's own program; the first time takes a minute" >&2
# What a shell that sourced build/local/env has, and a real account has not.
not_aws = test -z "$$AWS_ENDPOINT_URL" || echo "note: AWS_ENDPOINT_URL is set, so this speaks to $$AWS_ENDPOINT_URL and not to AWS" >&2
# Everything but the CDK app, whose bindings take minutes to compile for the first time.
fast = ./internal/... ./lambdas/... ./statemachine/... ./infra/check ./infra/operate
cdk = build/tools/node/node_modules/.bin/cdk

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## On this machine

.PHONY: demo up down send bench chaos burst
demo: ## Play deployments through all of Fanfare on this machine, then stop
	@$(local) demo

up: ## Start the local world and leave it running (source build/local/env to use it)
	@$(local) up

down: ## Stop the local world
	@$(local) down

send: ## Play one event in the local world: EVENT=file.json, and JSON=1 for one JSON object
	@$(local) send $(if $(filter-out 0,$(JSON)),-json) -- "$$EVENT"

bench: ## Measure the functions: size, start, memory, beside Python; messages; the price
	@$(local) bench $(if $(RUNS),-runs $(RUNS))

chaos: ## Break everything, repair it, and show that nothing is lost: SEED=n FAULTS=n ROW='text|text'
	@$(local) chaos $(if $(SEED),-seed $(SEED)) $(if $(FAULTS),-faults $(FAULTS)) $(if $(ROW),-row '$(ROW)')

burst: ## Measure how fast many deployments at once are told of: N=500
	@$(local) burst $(if $(N),-n $(N))

## In an AWS account

.PHONY: check synth diff deploy
check: ## Look for mistakes in account files: ACCOUNT=name or a file's path; all without it
	@$(needs_go)
	@go build -o build/bin/check ./infra/check && build/bin/check $(ACCOUNT)

synth: needs-account check tools ## Synthesise the stack of an account: ACCOUNT=name
	@$(cdk) synth --quiet -c account="$(ACCOUNT)" && echo "build/cdk.out"

diff: needs-account check tools ## Show what a deployment would change: ACCOUNT=name
	@$(not_aws)
	@$(cdk) diff -c account="$(ACCOUNT)"

deploy: needs-account check tools ## Deploy to an account: ACCOUNT=name
	@$(not_aws)
	@$(cdk) deploy -c account="$(ACCOUNT)"

# What an operator does with a deployed Fanfare.
operate = $(needs_go); $(not_aws); go build -o build/bin/operate ./infra/operate && exec build/bin/operate

.PHONY: redrive doctor why
redrive: needs-account ## Tell what waits in the queues of an account: ACCOUNT=name, and DRY=1 to look only
	@$(operate) redrive $(if $(filter-out 0,$(DRY)),-dry) $(if $(filter-out 0,$(JSON)),-json) -- "$(ACCOUNT)"

doctor: needs-account ## Look whether Fanfare can reach everything: ACCOUNT=name
	@$(operate) doctor $(if $(filter-out 0,$(JSON)),-json) -- "$(ACCOUNT)"

why: export DEPLOYMENT := $(DEPLOYMENT)
why: needs-account ## Say who was told what, and why not: ACCOUNT=name DEPLOYMENT=id, or cluster/service
	@$(operate) why $(if $(filter-out 0,$(JSON)),-json) -- "$(ACCOUNT)" "$$DEPLOYMENT"

.PHONY: needs-account
needs-account:
	@test -n "$(ACCOUNT)" || { echo "Which account? Say ACCOUNT=name, with a file infra/accounts/name.yaml." >&2; exit 1; }

## Tests

.PHONY: test test-fast lint test-unit test-fuzz test-stack test-e2e golden graph tools checks clean
test: ## Everything, from nothing: checks, unit tests, the template, end to end
	@$(needs_go)
	@$(MAKE) lint
	@$(MAKE) test-unit
	@$(MAKE) test-fuzz
	@$(MAKE) checks
	@$(MAKE) test-stack
	@$(MAKE) test-e2e

test-fast: ## The unit tests alone: no Node, no Python, no network
	@$(needs_go)
	go test $(fast)

lint: ## Format, vet, lint
	@$(needs_go)
	@unformatted=$$(gofmt -l infra internal lambdas statemachine); test -z "$$unformatted" || { echo "not formatted: $$unformatted" >&2; exit 1; }
	go mod tidy -diff
	go vet ./...
	go vet -tags 'e2e synth' ./...
	go tool staticcheck ./...
	go tool staticcheck -tags 'e2e synth' ./infra/... $(fast)

test-unit: ## The unit tests, with the race detector
	go test -race $(fast)

FUZZTIME = 3000x
test-fuzz: ## Fuzz every parser of what comes from outside, with 3000 inputs each: FUZZTIME=10m
	@mkdir -p build
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' internal infra/operate --exclude-dir=local); do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*).*/\1/p' $$f); do \
			echo "$$name in $$(dirname $$f), $(FUZZTIME)"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$f) >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }; \
		done; \
	done

test-stack: ## The template's tests
	go test -tags synth ./infra/...

test-e2e: ## On the local engine, with every role enforced; the workflow by its validator
	go test -tags e2e -count=1 -p 1 -timeout 30m ./statemachine ./internal/channel ./internal/local/...

golden: ## Write the golden files anew; look at the difference before it is committed
	go test $$(grep -rl 'flag.Bool("update"' --include='*_test.go' internal infra/operate | xargs -n1 dirname | sort -u | sed 's|^|./|') -update
	go test -tags synth ./infra -update
	go test ./infra/needs -update

graph: ## Draw the workflow's picture anew, after a change of its definition
	@$(needs_go)
	@go run ./internal/local/graph/draw

tools: ## Install the pinned tools below build/tools
	@$(local) tools

checks: ## Install what only the tests and the bench run
	@$(local) tools checks

clean: ## Remove all that was built; stops the local world
	@test ! -x build/bin/local || build/bin/local down
	rm -rf build
