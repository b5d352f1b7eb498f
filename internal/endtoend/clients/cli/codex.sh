#!/usr/bin/env bash
# The Codex command line against the gateway in OPENAI_BASE_URL, with the model in MODEL, by streamed Responses: a turn
# in words, and one with a call of its shell and an answer to the result.
. clients/cli/common.sh
export CODEX_HOME=$home/codex
mkdir "$CODEX_HOME"
config codex.toml "$CODEX_HOME/config.toml"

codex() { "$bin/codex" exec --model "$MODEL" --skip-git-repo-check --json "$1" </dev/null >out 2>err || { cat out err && exit 1; }; }

codex "Say hello."
expect out 'You wrote: \\"Say hello.\\"' '"type":"turn.completed"'
echo ok words

codex "Use the exec_command tool."
expect out '"type":"command_execution"' 'The tool answered:' '"type":"turn.completed"'
echo ok tool
