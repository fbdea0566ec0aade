/* Slow work where there is no second thread: it runs at once, and its fiber goes on at the next step. */
#include "port.h"

static work *finished;

void mote_port_work(work *job)
{
    job->run(job);
    job->next = finished;
    finished = job;
}

work *mote_port_work_done(void)
{
    work *job = finished;
    if (job != NULL) finished = job->next;
    return job;
}

/* Nobody else uses the library meanwhile. */

void mote_port_crypto_lock(void)
{
}

void mote_port_crypto_unlock(void)
{
}
