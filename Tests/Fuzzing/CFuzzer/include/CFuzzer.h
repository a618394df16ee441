// libFuzzer's entry for programs that have a main of their own; FuzzerInterface of compiler-rt.
#ifndef SIGNET_CFUZZER_H
#define SIGNET_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

int signet_fuzz(int argc, char **argv, int (*play)(const uint8_t *data, size_t size));

#endif
