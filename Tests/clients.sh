#!/bin/bash
# Runs real programs on Signet, one at a time, and tells for each whether it shows anything, how many frames it committed and
# how its buffers came. Those that aren't installed are skipped, and said to be. Look at the screenshots.
#
#     Tests/clients.sh [FOLDER [PATTERN]]     screenshots go to FOLDER, .build/clients by default; PATTERN picks by name
#
# SIGNET names the program to test; without it a release build is made.
# Exits with 1 if a program that is installed shows nothing.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
folder=$(realpath -m "${1:-.build/clients}")
pattern=${2:-.}
mkdir -p "$folder"
if [ -z "${SIGNET:-}" ]; then
    swift build -c release --quiet --product signet || exit 1
    SIGNET=$(swift build -c release --show-bin-path)/signet
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '<!doctype html><title>Local page</title><body style="background:#fde">%s' \
    '<h1 style="color:#06c">Signet</h1><p>A page from a file.<p style="background:#6c0;padding:2em">Green' >"$work/page.html"
failures=0

# NAME POLICY SECONDS [OPTION VALUE] PROGRAM ARGS...: runs a program for some seconds, then takes a picture.
try() {
    local name=$1 policy=$2 seconds=$3 options=""
    shift 3
    if [[ $1 = --* ]]; then
        options="$1 $2"
        shift 2
    fi
    [[ $name =~ $pattern ]] || return 0
    if ! command -v "$1" >/dev/null; then
        printf '%-24s %-7s skipped, because %s is not installed\n' "$name" "$policy" "$1"
        return 0
    fi
    local runtime=$work/$name
    mkdir -m 700 "$runtime"
    (
        export XDG_RUNTIME_DIR=$runtime HOME=$runtime XDG_SESSION_TYPE=wayland NO_AT_BRIDGE=1 GTK_A11Y=none
        unset DISPLAY
        mkfifo "$runtime/ready"
        # shellcheck disable=SC2086 # options, if any
        "$SIGNET" run $options --socket test --output 1024x768 --shm-policy "$policy" --log-level info --ready-fd 3 \
            3<>"$runtime/ready" >/dev/null 2>"$runtime/log" &
        signet=$!
        read -r -t 10 <"$runtime/ready"
        export WAYLAND_DISPLAY=test
        setsid "$@" >"$runtime/output" 2>&1 &
        client=$!
        sleep "$seconds"
        "$SIGNET" screenshot "$folder/$name.png" 2>>"$runtime/log"
        kill -- "-$client" 2>/dev/null
        sleep 0.3
        kill -KILL -- "-$client" 2>/dev/null
        sleep 0.2
        kill "$signet" 2>/dev/null
        wait
    ) 2>/dev/null
    # The screenshot's own line, and connections that only looked, say nothing.
    local frames tiers
    frames=$(sed -n '/signet\[/d; s/.*gone after \([0-9]*\) frames.*/\1/p' "$runtime/log" | awk '{ sum += $1 } END { print sum + 0 }')
    tiers=$(sed -n '/signet\[/d; /after 0 frames/d; s/.*its pools: //p' "$runtime/log" | paste -sd';')
    local verdict=shown
    if [ "${frames:-0}" = 0 ]; then
        verdict="SHOWS NOTHING"
        failures=$((failures + 1))
        grep disconnected "$runtime/log" | head -2
        tail -3 "$runtime/output"
    fi
    printf '%-24s %-7s %s, %s frames, %s\n' "$name" "$policy" "$verdict" "${frames:-0}" "${tiers:-no pools}"
    rm -rf "$runtime"
}

export GSK_RENDERER=cairo QT_QPA_PLATFORM=wayland SDL_VIDEODRIVER=wayland
command -v ffmpeg >/dev/null && ffmpeg -loglevel error -f lavfi -i testsrc=duration=10:size=480x270:rate=30 -y "$work/clip.mkv" 2>/dev/null

# Clients that seal their memory themselves.
try foot strict 2 foot sh -c 'ls --color /etc; sleep 9'
try foot-top strict 2 foot top
try foot-fullscreen strict 2 foot --fullscreen sh -c 'ls --color /usr/share; sleep 9'
try weston-terminal strict 2 weston-terminal
try weston-image strict 2 weston-image /usr/share/weston/background.png
try weston-scaler strict 2 weston-scaler
try weston-transformed strict 2 weston-transformed
# It binds whatever is announced, and ends when an event of a newer version comes.
try weston-presentation-shm strict 3 --global xdg_wm_base=3 weston-presentation-shm
try weston-flower strict 2 weston-flower
try weston-simple-shm strict 2 weston-simple-shm
try gtk4-widget-factory strict 5 gtk4-widget-factory
try qt5-assistant strict 4 /usr/lib/qt5/bin/assistant
try mpv-wlshm strict 4 mpv --no-config --vo=wlshm --ao=null --loop "$work/clip.mkv"
try gstreamer strict 4 gst-launch-1.0 -q videotestsrc ! video/x-raw,format=BGRx,width=480,height=270 ! waylandsink
try gstreamer-nv12 strict 4 gst-launch-1.0 -q videotestsrc ! video/x-raw,format=NV12,width=480,height=270 ! waylandsink
try chromium strict 9 chromium --no-sandbox --ozone-platform=wayland --disable-gpu --no-first-run \
    --user-data-dir="$work/chromium" "file://$work/page.html"
# Mesa's clients, which leave the sealing to the compositor.
try es2gears seal 2 es2gears_wayland
try glmark2 seal 4 glmark2-es2-wayland -b build:duration=9
try weston-subsurfaces seal 3 weston-subsurfaces
try kitty seal 5 kitty -o allow_remote_control=no sh -c 'ls --color /etc; sleep 9'
try sdl2 seal 3 /usr/libexec/installed-tests/SDL2/testdraw2
# Clients whose memory can't be sealed.
try gtk3 copy 4 gtk3-widget-factory
try firefox copy 14 firefox-esr --new-instance --no-remote "file://$work/page.html"
try qt6 copy 4 /usr/lib/qt6/bin/assistant
exit $((failures > 0))
