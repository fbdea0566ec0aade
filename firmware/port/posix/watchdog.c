/* A software watchdog: ends a program that hangs, like a board's hardware does. */
#include "posix.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void bark(int signal)
{
    static const char text[] = "error: the watchdog: the program does not come to rest\n";
    (void)signal;
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(1);
}

void start_watchdog(uint32_t ms)
{
    const struct itimerval time = {.it_value = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000}};
    signal(SIGALRM, bark);
    setitimer(ITIMER_REAL, &time, NULL);
}
