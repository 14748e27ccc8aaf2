#!/usr/bin/env bash
# Measures Rollbook beside its peers on the same rows in one run. See bench/README.md.
#   bench/run.sh [ROWS] [all|foundation|reports|stores]...
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
rows="${1:-10000000}"
parts=("${@:2}")
case "${parts[*]:-all}" in all) parts=(foundation reports stores) ;; esac
dir="${BENCH_DIR:-/tmp/rollbook-bench}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/rollbook-target}"
mkdir -p "$dir"

(cd "$here/.." && cargo build --release --locked -p rollbook)
if [ ! -x "$dir/venv/bin/python" ]; then
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install -q duckdb==2.0.0 pytz
fi
for part in "${parts[@]}"; do
  "$dir/venv/bin/python" "$here/$part.py" \
    --rollbook "$CARGO_TARGET_DIR/release/rollbook" --dir "$dir" --rows "$rows"
done
