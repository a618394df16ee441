#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int signet_signal_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Between fork and exec, with all signals blocked: only what signal-safety(7) allows. Reports errno where it fails.
static _Noreturn void become(const struct signet_spawn *spawn, pid_t parent, int report) {
    int error;
    if (setpgid(0, 0) < 0) goto failed;
    // From the background, which SIGTTOU would stop if it weren't blocked. A terminal that has gone is no reason to
    // fail.
    if (spawn->terminal >= 0) tcsetpgrp(spawn->terminal, getpid());
    if (prctl(PR_SET_PDEATHSIG, spawn->parent_death_signal) < 0) goto failed;
    // It may have ended before. 0 is a parent in another pid namespace, as after unshare --pid.
    if (getppid() != parent && getppid() != 0) _exit(128 + spawn->parent_death_signal);
    if (spawn->open_files && setrlimit(RLIMIT_NOFILE, spawn->open_files) < 0) goto failed;
    for (size_t index = 0; index < spawn->default_signal_count; index++)
        signal(spawn->default_signals[index], SIG_DFL);
    if (spawn->output >= 0) {
        int input = open("/dev/null", O_RDONLY);
        if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(spawn->output, STDOUT_FILENO) < 0 ||
            dup2(spawn->output, STDERR_FILENO) < 0)
            goto failed;
        if (input > STDERR_FILENO) close(input);
    }
    if (spawn->environment) environ = spawn->environment;
    sigprocmask(SIG_SETMASK, spawn->mask, NULL);
    execvp(spawn->arguments[0], spawn->arguments);
failed:
    error = errno;
    while (write(report, &error, sizeof error) < 0 && errno == EINTR) {}
    _exit(127);
}

int signet_spawn(const struct signet_spawn *spawn, int *process) {
    // Closed by exec, which tells that it worked.
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return errno;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become(spawn, parent, report[1]);
    int error = child < 0 ? errno : 0;
    close(report[1]);
    if (child > 0) {
        int reported = 0;
        ssize_t count;
        while ((count = read(report[0], &reported, sizeof reported)) < 0 && errno == EINTR) {}
        if (count == sizeof reported) {
            error = reported;
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        }
    }
    close(report[0]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) *process = child;
    return error;
}
