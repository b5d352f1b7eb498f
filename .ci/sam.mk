# The stack: how its functions are built, and how its template is checked.
#
# `sam build` calls build-<function> with ARTIFACTS_DIR set (build method
# makefile). samconfig.toml has it build in place: otherwise SAM would copy the
# whole tree, tools and all, for each function.

# Lambda runs on arm64 here; tests that run the same binaries set their own.
LAMBDA_ARCH ?= arm64
# The config document that is deployed beside the binaries.
CONFIG ?= fallow.yaml
LAMBDA_DIR ?= bin/lambda
# The stack's name, and its parameters: `make deploy PARAMETERS='MemorySize=512'`.
# Those that are not named keep their value. A version of a function takes its
# memory along, and SAM makes a new one only for new code: so the parameters lie
# beside the code.
STACK ?= fallow
PARAMETERS ?=
export PARAMETERS
SAM ?= $(firstword $(wildcard $(CURDIR)/.tools/sam/bin/sam) sam)

# No build path and no commit in the binary: the same source gives the same
# bytes, and `sam deploy` uploads nothing when nothing has changed.
LAMBDA_BUILD = CGO_ENABLED=0 GOOS=linux GOARCH=$(LAMBDA_ARCH) go build \
	-trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w'

# $(call build_function,<package>,<directory>)
define build_function
	@test -f '$(CONFIG)' || { echo "there is no config document $(CONFIG): write one, or name another with CONFIG=…" >&2; exit 1; }
	@mkdir -p '$(2)'
	@$(LAMBDA_BUILD) -o '$(2)/bootstrap' ./functions/$(1)
	@cp '$(CONFIG)' '$(2)/fallow.yaml'
	@printf '%s\n' "$$PARAMETERS" > '$(2)/parameters'
endef

.PHONY: build-GatewayFunction
build-GatewayFunction:
	$(call build_function,gateway,$(ARTIFACTS_DIR))

.PHONY: build-RebalanceFunction
build-RebalanceFunction:
	$(call build_function,rebalance,$(ARTIFACTS_DIR))

.PHONY: build-lambda
build-lambda: ## Build the Lambda functions below bin/lambda, as `sam build` does
	$(call build_function,gateway,$(LAMBDA_DIR)/gateway)
	$(call build_function,rebalance,$(LAMBDA_DIR)/rebalance)

.PHONY: template-check
template-check: ## Validate the stack's template, transform it and check what comes out
	@.ci/check-template

.PHONY: deploy
deploy: ## Build the stack and deploy it (STACK=fallow, PARAMETERS='MemorySize=512 AlarmEmail=…')
	@$(SAM) build
	@$(SAM) deploy --stack-name '$(STACK)' $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))

.PHONY: logs
logs: ## Follow the logs of the deployed functions (STACK=fallow)
	@$(SAM) logs --tail --cw-log-group '/aws/lambda/$(STACK)-gateway' --cw-log-group '/aws/lambda/$(STACK)-rebalance'

.PHONY: destroy
destroy: ## Delete the stack; asks first. The table stays, the secrets can be restored for 30 days
	@$(SAM) delete --stack-name '$(STACK)'

.PHONY: dashboard
dashboard: ## Write the dashboards into template.yaml and docs/grafana
	@go run ./internal/dashboard/generate

.PHONY: dashboard-picture
dashboard-picture: ## Draw the dashboard after a storm of three minutes into docs/dashboard/storm.svg
	@go run ./internal/dashboard/paint

.PHONY: stack-smoke
stack-smoke: ## Deploy the stack to an AWS emulator with the real `sam deploy`, and use it
	@.ci/stack-smoke

PREVIOUS ?= 5eb8733
.PHONY: upgrade-test
upgrade-test: ## Old and new release on one table, both ways (PREVIOUS=5eb8733); renews the records kept
	@.ci/upgrade-test $(PREVIOUS)
