#include "CProcess.h"

static int count;
static char **arguments;

// glibc hands main's arguments to constructors.
__attribute__((constructor)) static void keep(int argc, char **argv) {
    count = argc;
    arguments = argv;
}

char **signet_arguments(void) { return arguments; }

int signet_argument_count(void) { return count; }
