#!/bin/bash
# Installs what the tests need, then runs all of them: style, a build without warnings, the tests, the conformance
# suite, those that need devices on a kernel that has them, programs of the distribution's, and the tests again under
# the address and leak sanitizers. Takes the words that `swift test` takes, as in --filter ShmTests; then only tests are run.
set -euo pipefail
cd "$(dirname "$0")/.."

Tests/Support/require-packages --build weston mesa-utils foot fonts-dejavu-core xkb-data \
    qemu-system-x86 busybox-static cpio kmod xz-utils zstd shellcheck gcc-12 make libelf1 util-linux wlcs zenity ffmpeg \
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
    grim wf-recorder

echo "== walls"
Tests/walls.sh

echo "== style"
swift format lint --strict --recursive Sources Tests examples
# The formatter leaves comments, strings and C alone.
if git ls-files -co --exclude-standard -- '*.swift' '*.c' '*.h' | LC_ALL=C.UTF-8 xargs grep -nE '^.{121}'; then
    echo "these lines have more than 120 columns" >&2
    exit 1
fi
shellcheck Tests/*.sh Tests/vm/* Tests/Fuzzing/run Tests/wlcs/run Tests/package Tests/Support/require-packages Tests/Support/in-chroot \
    examples/*.sh .ci/run

build() {
    local log
    log=$(mktemp)
    swift build --build-tests "$@" >"$log" 2>&1 || { cat "$log"; exit 1; }
    # The compiler's, about files of ours; a build that has nothing to do repeats none.
    if grep -E "^$PWD/(Sources|Tests|examples)/.*: (warning|error):" "$log"; then
        echo "the build has warnings" >&2
        exit 1
    fi
    rm "$log"
}

echo "== build"
build
echo "== tests"
swift test --skip-build --disable-xctest --no-parallel "$@"

if [ $# = 0 ]; then
    echo "== conformance"
    Tests/wlcs/run
    echo "== conformance of shared buffers"
    signet=$(swift build --show-bin-path)/signet
    for policy in strict copy; do "$signet" conformance -- "$signet" run --shm-policy "$policy"; done
    echo "== tests on real devices"
    Tests/devices.sh
    echo "== programs of the distribution's"
    SIGNET=$(swift build --show-bin-path)/signet Tests/clients.sh .build/clients 'foot|weston|es2gears'
fi

echo "== build with the address sanitizer"
sanitized=(--sanitize=address --scratch-path .build-asan)
build "${sanitized[@]}"
echo "== tests with the address sanitizer"
export LSAN_OPTIONS="suppressions=$PWD/Tests/Support/leaks.txt:print_suppressions=0"
# What hostile clients cost and hold up was judged above, and can't be with the sanitizer; their requests are in other suites, too.
# What signet check finds in slow clients goes by the clock; its parts are tested in this process.
swift test --skip-build --disable-xctest --no-parallel "${sanitized[@]}" --skip CostTests --skip HoldTests \
    --skip EndToEndTests.ClientCheckTests "$@"
if [ $# = 0 ]; then
    echo "== tests on real devices with the address sanitizer"
    Tests/devices.sh "${sanitized[@]}"
fi
