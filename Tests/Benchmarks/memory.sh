#!/bin/bash
# Resident memory of Signet and of weston, each headless with one output of the same size and the same client, in one run.
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Support/require-packages --build weston
swift build -c release --quiet --product signet
bin=$(swift build -c release --show-bin-path)
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$XDG_RUNTIME_DIR"' EXIT

# NAME SOCKET COMMAND...: starts a compositor and a client, and prints what proc(5) says of the former.
measure() {
    local name=$1 socket=$2
    shift 2
    "$@" >/dev/null 2>&1 &
    local server=$!
    for _ in $(seq 50); do [ -S "$XDG_RUNTIME_DIR/$socket" ] && break; sleep 0.1; done
    WAYLAND_DISPLAY=$socket weston-simple-shm >/dev/null 2>&1 &
    local client=$!
    sleep 3
    awk -v name="$name" '/VmRSS|RssAnon|RssFile|RssShmem/ { size[$1] = $2 } END {
        printf "%-8s %7d kB resident: %d anonymous, %d of files, %d shared\n", name, size["VmRSS:"], size["RssAnon:"],
            size["RssFile:"], size["RssShmem:"] }' "/proc/$server/status"
    kill "$client" "$server"
    wait "$client" "$server" 2>/dev/null || true
}
measure signet signet-test "$bin/signet" run --socket signet-test --output 1920x1080
measure weston weston-test weston --backend=headless-backend.so --width=1920 --height=1080 --use-pixman \
    --socket=weston-test --no-config
