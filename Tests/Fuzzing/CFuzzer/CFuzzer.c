#include "CFuzzer.h"

extern int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*play)(const uint8_t *data, size_t size));

int signet_fuzz(int argc, char **argv, int (*play)(const uint8_t *data, size_t size)) {
    return LLVMFuzzerRunDriver(&argc, &argv, play);
}
