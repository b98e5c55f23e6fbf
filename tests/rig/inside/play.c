/* Plays levels on the inputs of gpio-sim at precise times: the wires' far end, in the machine of the rig.
 *
 *     play PULL...  < steps
 *
 * PULL: the sysfs attributes `pull` of the lines. Steps on the standard input, 16 bytes each, in the machine's order of bytes:
 * nanoseconds since the start (8), number of the line (4), level (4). Runs as a real-time process, so that no
 * load in the machine moves an edge: the world outside does not wait either.
 *
 * A step comes at its time, and at least as long after the step before as planned: whoever holds the kernel may keep
 * this process waiting, and then a pulse is late, but neither it nor the interval behind it is shorter than a reader
 * would make it. What it is late by is caught up in pauses (APART_NS), and by a fiftieth of what is not as short as the
 * shortest pulses (SHORT_NS): a reader's clock is no better than that.
 *
 * It prints `started NS` (CLOCK_MONOTONIC) before the first step, and `ended NS LATE STEP` with the largest
 * lateness and its step.
 * With the line number STOP nothing is driven: the steps end then.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 64
#define STEPS_MAX 4000000
#define PRIORITY 50
#define AHEAD_NS 20000000LL /* until the first step: the process is asleep by then */
#define EARLY_NS 12000LL /* the process wakes up this much before a step, and watches the clock until then */
#define APART_NS 30000000LL /* a frame's steps are closer; behind a longer pause the plan's times hold again */
#define SHORT_NS 25000LL
#define CAUGHT_UP 50
#define STOP 0xffffffffu

struct step {
    uint64_t at_ns;
    uint32_t line;
    uint32_t level;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void wait_until(int64_t at)
{
    int64_t wake = at - EARLY_NS;
    struct timespec until = {.tv_sec = wake / 1000000000LL, .tv_nsec = wake % 1000000000LL};
    if (now_ns() < wake)
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    sched_yield(); /* to the kernel's thread for the edge before, of the same priority: on a board it has its processor */
    while (now_ns() < at)
        ;
}

static void fail(const char *what)
{
    fprintf(stderr, "play: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct step *read_steps(size_t *count)
{
    size_t room = 4096, have = 0, got;
    struct step *steps = malloc(room * sizeof *steps);
    while (steps && (got = fread(steps + have, sizeof *steps, room - have, stdin)) > 0) {
        have += got;
        if (have == STEPS_MAX)
            break;
        if (have == room)
            steps = realloc(steps, (room *= 2) * sizeof *steps);
    }
    if (!steps)
        fail("steps");
    *count = have;
    return steps;
}

int main(int argc, char **argv)
{
    static const char *const words[] = {"pull-down", "pull-up"};
    int pulls[LINES_MAX], lines = argc - 1;
    struct sched_param priority = {.sched_priority = PRIORITY};
    struct step *steps;
    int64_t start, late = 0, before = 0, begun = INT64_MIN / 2;
    size_t count, number, latest = 0;

    if (lines < 1 || lines > LINES_MAX)
        return 2;
    for (int line = 0; line < lines; line++)
        if ((pulls[line] = open(argv[line + 1], O_WRONLY)) < 0)
            fail(argv[line + 1]);
    steps = read_steps(&count);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) || sched_setscheduler(0, SCHED_FIFO, &priority))
        fail("real time");
    start = now_ns() + AHEAD_NS;
    printf("started %lld\n", (long long)start);
    fflush(stdout);
    for (number = 0; number < count; number++) {
        struct step *step = steps + number;
        const char *word = words[step->level != 0];
        int64_t at = start + (int64_t)step->at_ns, apart = at - before, earliest, missed;
        if (apart > APART_NS)
            apart = APART_NS;
        else if (apart > SHORT_NS)
            apart -= apart / CAUGHT_UP;
        earliest = begun + apart;
        before = at;
        wait_until(earliest > at ? earliest : at);
        begun = now_ns();
        if (step->line == STOP)
            break;
        if (step->line >= (uint32_t)lines)
            return 2;
        if (pwrite(pulls[step->line], word, strlen(word), 0) < 0)
            fail(argv[step->line + 1]);
        missed = begun - at;
        if (missed > late) {
            late = missed;
            latest = number;
        }
    }
    printf("ended %lld %lld %zu\n", (long long)now_ns(), (long long)late, latest);
    return 0;
}
