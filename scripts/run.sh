#!/bin/sh
# Load the shipped Hanoi layers if they are not loaded yet, then serve the map.
set -eu
cd "$(dirname "$0")/.."

store=${PARKPLAN_STORE:-var/hanoi.gpkg}
stamp=build/loaded

# What was loaded where: another store or other shipped data is loaded again.
wanted=$(
    echo "$store"
    cat layers/definitions/*.toml layers/hanoi/data/* .env 2>/dev/null | cksum
)

is_loaded() {
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] || return 1
    case $store in
    *://*) ;;
    *) [ -e "$store" ] ;;
    esac
}

# The stamp is written last: what was interrupted half-way is loaded to its end the next time.
if ! is_loaded; then
    .venv/bin/parkplan init
    mkdir -p build
    printf '%s\n' "$wanted" >"$stamp"
fi

exec .venv/bin/parkplan serve
