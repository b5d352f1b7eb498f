"""Review changes with an LLM: one request per change, as many at once as you like.

    python review.py --range HEAD~20..HEAD                # each commit of a range
    python review.py --dirs old/ new/ --at-once 40        # each file that differs

It uses the stock OpenAI SDK. To move it to Fallow, set one variable:

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1       # or your function URL + /v1
"""
import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI

PROMPT = "You review code changes. Name bugs and risks, most serious first, in at most five sentences."
LARGEST = 60_000  # characters of one change; a longer one is cut


def git(*args):
    return subprocess.run(["git", *args], capture_output=True, text=True, errors="replace").stdout


def commits(repo, span):
    for commit in git("-C", repo, "rev-list", "--reverse", span).split():
        yield commit[:10], git("-C", repo, "show", "--format=%B", commit)


def differing_files(old, new):
    for change in git("diff", "--no-index", old, new).split("\ndiff --git "):
        yield change.splitlines()[0].split(" b/")[-1], change


def review(client, model, name, change):
    began = time.monotonic()
    stream = client.chat.completions.create(
        model=model, stream=True, max_completion_tokens=1024,
        messages=[{"role": "system", "content": PROMPT}, {"role": "user", "content": change[:LARGEST]}])
    text = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    return name, time.monotonic() - began, text


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--repo", default=".")
    p.add_argument("--range", default="HEAD~5..HEAD")
    p.add_argument("--dirs", nargs=2, metavar=("OLD", "NEW"), help="review the files that differ instead of commits")
    p.add_argument("--model", default="claude-sonnet-5")
    p.add_argument("--at-once", type=int, default=8)
    args = p.parse_args()
    changes = list(differing_files(*args.dirs) if args.dirs else commits(args.repo, args.range))
    failed = 0
    with ThreadPoolExecutor(args.at_once) as workers, OpenAI() as client:
        for job in [workers.submit(review, client, args.model, *change) for change in changes]:
            try:
                name, seconds, text = job.result()
                print(f"== {name} ({seconds:.1f} s)\n{text}\n")
            except Exception as error:  # one review that fails must not stop the others
                failed += 1
                print(f"== failed: {error}", file=sys.stderr)
    print(f"{len(changes) - failed} of {len(changes)} changes reviewed", file=sys.stderr)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
