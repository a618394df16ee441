#!/bin/bash
# Checks which rooms of the compositor know which others: a word that names something further along a frame's way, or of
# another floor, doesn't stand in a folder that is before it. Comments may say anything.
set -euo pipefail
cd "$(dirname "$0")/../Sources/Compositor"

protocol='(Wl|Xdg|Zxdg|Wp|Zwp|Signet)[A-Z][A-Za-z0-9]*'
shell='Toplevel|ShellSurface|Popup|WmBase|Positioner'
windows='Window|WindowManager|TitleBar'
outputs='Output|OutputLayout|FrameScheduler|SurfacePresence'
backends='OutputDriver|HeadlessDriver|FrameRing|FrameClock'
scene='Scene|SceneNode|SceneViewer'
surfaces='Surface|Subsurface|Transaction|SurfaceState|SurfaceCommit'

status=0
# FOLDER WORDS: none of the words stands in the folder's code.
keep_out() {
    local found
    found=$(grep -rnE "(^|[^A-Za-z0-9_.\"])($2)([^A-Za-z0-9_]|$)" --include='*.swift' "$1" |
        grep -vE '^[^:]+:[0-9]+: *//' || true)
    [ -z "$found" ] && return
    echo "$1 knows what it shouldn't:" >&2
    echo "$found" >&2
    status=1
}

keep_out Rendering "$protocol|$shell|$windows|$outputs|$backends|$scene|$surfaces"
keep_out Scene "$protocol|$shell|$windows|$outputs|$backends|$surfaces"
keep_out Windows "$protocol|$shell|$backends|$surfaces"
keep_out Backends "$protocol|$shell|$windows|$outputs|$scene|$surfaces"
keep_out Contents "$protocol|$shell|$windows|$outputs|$backends|$scene|$surfaces"
keep_out Buffers "$shell|$windows|$outputs|$backends|$scene|Transaction"
keep_out Surfaces "$shell|$windows|$backends"
keep_out Outputs "$shell|$windows"
# One driver's name stands where it is chosen, and nowhere else.
for folder in */; do
    case $folder in Backends/) ;; *) keep_out "${folder%/}" HeadlessDriver ;; esac
done
exit $status
