#!/usr/bin/env bash
# opencode against the gateway in OPENAI_BASE_URL, with the model in MODEL, streamed: a call of its shell and an answer to
# the result, by the provider of opencode.json that is named.
. clients/cli/common.sh
export OPENCODE_CONFIG=$home/opencode.json
# What it would fetch of its own accord: the list of models, plug-ins, a newer version of itself.
export OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_DEFAULT_PLUGINS=1 OPENCODE_DISABLE_AUTOUPDATE=1
config opencode.json "$OPENCODE_CONFIG"

"$bin/opencode" run --pure --format json --model "$1/$MODEL" "Use the bash tool." </dev/null >out 2>err || { cat out err && exit 1; }
expect out '"type":"tool_use"' '"tool":"bash"' 'The tool answered:'
echo ok tool
