#include "CProcess.h"

#include <signal.h>
#include <sys/auxv.h>

static int count;
static char **arguments;

// glibc hands main's arguments to constructors.
__attribute__((constructor)) static void keep(int argc, char **argv) {
    count = argc;
    arguments = argv;
    // Swift's runtime takes SIGQUIT for a crash, prints a backtrace and goes on. Until the signal is waited for it ends
    // the process, as signals do.
    if (!signet_signal_is_ignored(SIGQUIT)) signal(SIGQUIT, SIG_DFL);
}

char **signet_arguments(void) { return arguments; }

int signet_argument_count(void) { return count; }

const char *signet_program_path(void) { return (const char *)getauxval(AT_EXECFN); }
