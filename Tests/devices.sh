#!/bin/bash
# Runs the tests that need graphics devices, cameras and dma-bufs, on a kernel that has them all: see Tests/vm/run. The build
# has to be there already; options are those of 'swift build' that say where, as in --scratch-path .build-asan. Where there
# can't be such a kernel, a line says why, and in continuous integration that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
Tests/vm/run --check || status=$?
if [ "$status" = 77 ] && [ -z "${CI:-}" ]; then exit 0; fi
[ "$status" = 0 ] || exit "$status"

# vkms and vim2m are devices too.
Tests/vm/modules >/dev/null
tests=$(swift build --show-bin-path "$@")/signetPackageTests.xctest
names='DirectRenderingTests|DmabufTests|DmabufParamsTests|DoctorTests'
# A sanitizer is for the process that the tests run in; the programs were tried without.
case $tests in *asan*) ;; *) names+='|DeviceTests' ;; esac
exec Tests/vm/run --timeout 900 --module vkms --module vim2m -- \
    "$tests" --testing-library swift-testing --no-parallel --filter "$names"
