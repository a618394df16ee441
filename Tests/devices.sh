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

# vkms, vim2m and vicodec are devices too.
built=$(Tests/vm/modules | grep /vicodec.ko)
tests=$(swift build --show-bin-path "$@")/signetPackageTests.xctest
names='DirectRenderingTests|CaptureDmabufTests|DmabufTests|DmabufParamsTests|DoctorTests|DumbFrameTests'
# A sanitizer is for the process that the tests run in; the programs were tried without.
signet=
case $tests in *asan*) ;; *) names+='|DeviceTests' signet=$(swift build --show-bin-path "$@")/signet ;; esac
# vicodec has one of V4L2's two interfaces at a time.
# shellcheck disable=SC2016 # it is for the shell inside
exec Tests/vm/run --timeout 1200 --module vkms --module vim2m --module vicodec -- bash -c '
    run() { "$1" --testing-library swift-testing --no-parallel --filter "$2"; }
    run "$1" "$2" || exit
    [ -z "$4" ] || "$4" conformance --filter dmabuf --patience 20 -- "$4" run || exit
    rmmod vicodec && insmod "$3" multiplanar=1 && run "$1" EncoderTests' devices "$tests" "$names" "$built" "$signet"
