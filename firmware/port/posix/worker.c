/* Background work, with one thread for each. */
#include "port.h"
#include "posix.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static work *done;
static int wake[2] = {-1, -1};

int open_worker(void)
{
    if (pipe2(wake, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    return wake[0];
}

static void finish(work *job)
{
    const char byte = 0;
    pthread_mutex_lock(&lock);
    job->next = done;
    done = job;
    pthread_mutex_unlock(&lock);
    if (write(wake[1], &byte, 1) < 0) return; /* the pipe is full, so the machine is awake anyway */
}

static void *run(void *argument)
{
    work *job = argument;
    job->run(job);
    finish(job);
    return NULL;
}

void mote_port_work(work *job)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, job) == 0) pthread_detach(thread);
    else run(job);
}

work *mote_port_work_done(void)
{
    char bytes[16];
    while (read(wake[0], bytes, sizeof bytes) > 0) continue;
    pthread_mutex_lock(&lock);
    work *job = done;
    if (job != NULL) done = job->next;
    pthread_mutex_unlock(&lock);
    return job;
}

static pthread_mutex_t crypto = PTHREAD_MUTEX_INITIALIZER;

void mote_port_crypto_lock(void)
{
    pthread_mutex_lock(&crypto);
}

void mote_port_crypto_unlock(void)
{
    pthread_mutex_unlock(&crypto);
}
