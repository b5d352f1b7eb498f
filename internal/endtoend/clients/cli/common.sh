# What the scripts beside this one share: a home of their own below a temporary folder, the token, and checks.
set -euo pipefail
configs=$PWD/clients/cli
bin=$PWD/../../.tools/clients-node/node_modules/.bin
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home FALLOW_API_KEY=$OPENAI_API_KEY
mkdir "$home/work"
cd "$home/work"

# config copies a configuration, as docs/clients.md shows it, with the gateway's real address.
config() { sed "s|http://127.0.0.1:8080/v1|$OPENAI_BASE_URL|" "$configs/$1" >"$2"; }

# expect fails, and shows what there was, unless every pattern is in the file.
expect() {
  local file=$1 pattern
  shift
  for pattern; do
    grep -q -- "$pattern" "$file" || { echo "no $pattern in:" && cut -c1-2000 "$file" && exit 1; }
  done
}
