/* Work on ports without a second thread: it runs at once, and its fiber continues at the next step. */
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

/* No lock is needed, because there is only one thread. */

void mote_port_crypto_lock(void)
{
}

void mote_port_crypto_unlock(void)
{
}
