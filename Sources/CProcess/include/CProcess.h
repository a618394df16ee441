// What a command needs of its process, and what Swift can't do safely itself: run code between fork and exec, and see
// the arguments that it was started with as they are.
#ifndef SIGNET_CPROCESS_H
#define SIGNET_CPROCESS_H

#include <stddef.h>

// The arguments of main, which Swift's CommandLine reads from /proc. Ends with NULL.
char **signet_arguments(void);
int signet_argument_count(void);
// The path by which this program was started; getauxval(3), AT_EXECFN. NULL where the kernel didn't tell.
const char *signet_program_path(void);

// Whether the signal is ignored, as nohup and shells without job control have it; signal(7).
int signet_signal_is_ignored(int signal);

// How to start a program. Types of signal.h and sys/resource.h aren't named, as Swift knows those from its Glibc
// module.
struct signet_spawn {
    // Its arguments, ending with NULL; the first is looked up in PATH.
    char **arguments;
    // The signals that it starts with blocked: a sigset_t.
    const void *mask;
    // Signals to set to their default action, besides those that are handled.
    const int *default_signals;
    size_t default_signal_count;
    // RLIMIT_NOFILE, a struct rlimit, or NULL to leave it.
    const void *open_files;
    // A terminal that its process group gets, or -1.
    int terminal;
    // What its standard output and error streams are, with /dev/null as its input; -1 to leave all three.
    int output;
    // Its environment, ending with NULL; NULL for that of this process.
    char **environment;
    // The signal that it gets when the calling thread ends; prctl(2), PR_SET_PDEATHSIG.
    int parent_death_signal;
};

// Starts a program in a process group of its own, and waits until it runs. Returns 0, or errno of what failed; then
// nothing was started.
int signet_spawn(const struct signet_spawn *spawn, int *process);

// Removes a folder and all that is in it, as far as that can be; links are removed, not followed. Source: nftw(3).
void signet_remove_tree(const char *path);

#endif
