#include "work.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>

static unsigned program, under_way;

static void end(work *job)
{
    if (job->release != NULL) job->release(job);
    mbedtls_platform_zeroize(job, job->bytes);
    free(job);
}

mote_value mote_work_start(mote_vm *vm, work *job)
{
    job->program = program;
    job->fiber = mote_suspend(vm);
    if (job->fiber == 0) {
        end(job);
        return MOTE_FAILED;
    }
    under_way++;
    mote_port_work(job);
    return MOTE_UNDEFINED;
}

void mote_work_poll(mote_vm *vm)
{
    for (work *job = mote_port_work_done(); job != NULL; job = mote_port_work_done()) {
        if (job->program == program) {
            mote_value result = job->finish(vm, job);
            mote_resume(vm, job->fiber, result == MOTE_FAILED ? MOTE_UNDEFINED : result);
        }
        end(job);
        under_way--;
    }
}

bool mote_work_is_under_way(void)
{
    return under_way > 0;
}

void mote_work_forget(void)
{
    program++;
}
