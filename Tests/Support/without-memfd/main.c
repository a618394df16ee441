// without-memfd [--errno NAME | --noexec] PROGRAM ARGS...: runs a program as where memfd_create(2) is missing or
// forbidden.
//
// --errno NAME says what the call answers: ENOSYS, as a kernel that doesn't have it, by default; EPERM, EACCES or
// EINVAL as sandboxes do. With --noexec it answers EACCES where MFD_NOEXEC_SEAL isn't asked for, as with
// vm.memfd_noexec=2.
//
// It is a seccomp filter, for the program and all that it starts. It needs no privilege and can't be undone.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Numbers of system calls mean something for one architecture only.
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter knows x86_64 and aarch64"
#endif

#define MFD_NOEXEC_SEAL 0x8

static int fail(const char *what) {
    fprintf(stderr, "without-memfd: %s: %s\n", what, strerror(errno));
    return 126;
}

static int number_of(const char *name) {
    static const struct {
        const char *name;
        int number;
    } known[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM}, {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"ENOMEM", ENOMEM}};
    for (size_t index = 0; index < sizeof known / sizeof *known; index++)
        if (strcmp(name, known[index].name) == 0) return known[index].number;
    return -1;
}

int main(int count, char **arguments) {
    int answer = ENOSYS, let_through = 0, next = 1;
    if (count > 2 && strcmp(arguments[1], "--errno") == 0) {
        answer = number_of(arguments[2]);
        next = 3;
    } else if (count > 1 && strcmp(arguments[1], "--noexec") == 0) {
        answer = EACCES;
        let_through = MFD_NOEXEC_SEAL;
        next = 2;
    }
    if (answer < 0 || next >= count) {
        fprintf(stderr, "usage: without-memfd [--errno NAME | --noexec] PROGRAM ARGS...\n");
        return 64;
    }
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_memfd_create, 0, 3),
        // The lower half of the flags, on the little-endian machines that are left.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)let_through, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0) return fail("seccomp");
    execvp(arguments[next], arguments + next);
    return fail(arguments[next]);
}
