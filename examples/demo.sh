#!/bin/bash
# Builds Signet, runs it without a screen, lets sample clients draw on it, and takes a picture: demo.png.
# Then it says how each client's buffers came.
set -euo pipefail
cd "$(dirname "$0")/.."

Tests/Support/require-packages --build weston mesa-utils fonts-dejavu-core xkb-data

echo "building (the first time takes a few minutes)"
for product in signet simple-shm subsurfaces wallpaper without-memfd; do
    swift build -c release --quiet --product "$product"
done
bin=$(swift build -c release --show-bin-path)

XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
clients=()
cleanup() {
    kill "${clients[@]}" "${signet:-}" 2>/dev/null || true
    wait
    rm -rf "$XDG_RUNTIME_DIR"
}
trap cleanup EXIT

# Under `copy` all three tiers show: memory that arrives sealed, Mesa's, which Signet seals, and one client that believes its
# kernel has no memfd_create, whose pixels are read.
mkfifo "$XDG_RUNTIME_DIR/ready"
"$bin/signet" run --socket demo --output 1390x700 --shm-policy copy --log-level info --ready-fd 3 \
    3<>"$XDG_RUNTIME_DIR/ready" 2>"$XDG_RUNTIME_DIR/log" &
signet=$!
read -r -t 10 <"$XDG_RUNTIME_DIR/ready" || { cat "$XDG_RUNTIME_DIR/log"; exit 1; }

export WAYLAND_DISPLAY=demo
start() {
    "$@" >/dev/null 2>&1 &
    clients+=($!)
    sleep 0.5
}
start "$bin/wallpaper" --size 480x300
start "$bin/subsurfaces"
start "$bin/without-memfd" "$bin/simple-shm" --size 240x240
start weston-image /usr/share/weston/background.png
start weston-subsurfaces
start es2gears_wayland
sleep 2
"$bin/signet" screenshot demo.png

kill "${clients[@]}"
wait "${clients[@]}" 2>/dev/null || true
clients=()
sleep 0.5
# The screenshot was a client too, without buffers.
echo "how the clients' buffers came:"
sed -n "/signet\\[/d; s/^signet: info: /    /p" "$XDG_RUNTIME_DIR/log" | grep pools
echo "the picture is in demo.png"
