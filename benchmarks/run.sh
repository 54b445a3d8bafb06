#!/bin/sh
# Measure Scriptorium on embedded services of its own: GENERATOR=folder benchmarks/run.sh S1 S2 …
# GENERATOR is the folder of the load generator, with `npm install` done in it. QUICK=1 is short.
# Lines of JSON go to RESULTS (benchmarks/results/latest.jsonl), the server's log beside it.
# The server has core 0, the generator core 1.
set -eu
generator=$(cd "${GENERATOR:?the folder of bench.mjs}" && pwd)
cd "$(dirname "$0")/.."
here=$PWD
results=${RESULTS:-$here/benchmarks/results/latest.jsonl}
mkdir -p "$(dirname "$results")"
work=$(mktemp -d)
export SERVICES_DIR="$work/services" TOKEN_FILE="$work/token"
DATA_DIR=$SERVICES_DIR .venv/bin/python -m apps.embedded services >"$work/services.log" 2>&1 &
services=$!
trap 'kill $services; wait $services || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
until grep -q 'Services are ready' "$work/services.log"; do
    kill -0 $services 2>/dev/null || { cat "$work/services.log" >&2; exit 1; }
    sleep 0.2
done
(
    eval "$(DATA_DIR=$SERVICES_DIR .venv/bin/python -m apps.embedded env)"
    .venv/bin/python manage.py migrate --no-input --verbosity 0
    .venv/bin/python manage.py seed_demo
)
cd "$generator"
taskset -c 1 node bench.mjs --peer scriptorium \
    --url "ws://127.0.0.1:${PORT:-18100}/ws/rooms/{room}" \
    --server "'$here/benchmarks/web.sh'" --server-core 0 --data "$work/web" --log "${results%.jsonl}.log" \
    --hook "$here/benchmarks/hook.mjs" --persist ${QUICK:+--quick} --out "$results" "$@"
