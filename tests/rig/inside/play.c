/* Plays levels on the inputs of gpio-sim at precise times: the wires' far end, in the machine of the rig.
 *
 *     play PULL...  < steps
 *
 * PULL: the sysfs attributes `pull` of the lines. Steps on the standard input, 16 bytes each, in the machine's order of bytes:
 * nanoseconds since the start (8), number of the line (4), level (4). Runs as a real-time process, so that no
 * load in the machine moves an edge: the world outside does not wait either.
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
    int64_t start, late = 0;
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
        int64_t at = start + (int64_t)step->at_ns, missed;
        struct timespec until = {.tv_sec = at / 1000000000LL, .tv_nsec = at % 1000000000LL};
        const char *word = words[step->level != 0];
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
        if (step->line == STOP)
            break;
        if (step->line >= (uint32_t)lines)
            return 2;
        if (pwrite(pulls[step->line], word, strlen(word), 0) < 0)
            fail(argv[step->line + 1]);
        missed = now_ns() - at;
        if (missed > late) {
            late = missed;
            latest = number;
        }
    }
    printf("ended %lld %lld %zu\n", (long long)now_ns(), (long long)late, latest);
    return 0;
}
