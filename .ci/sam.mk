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
