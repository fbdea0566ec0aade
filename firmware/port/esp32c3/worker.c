/* Background work: a second task, and an event descriptor that ends the machine's sleep. */
#include "esp32c3.h"
#include "port.h"

#include <esp_vfs_eventfd.h>
#include <freertos/FreeRTOS.h>
#include <freertos/queue.h>
#include <freertos/semphr.h>
#include <freertos/task.h>
#include <sys/poll.h>
#include <unistd.h>

/** Work comes from fibers that wait for it, so the queues never hold more entries than there are fibers. */
enum { MOST_WORK = 16 };
/** Verifying a certificate chain was measured at 3904 bytes; the kernel's and the library's frames come on top. */
enum { STACK_BYTES = 8192 };

static QueueHandle_t waiting, finished;
static int wake = -1;
static bool running;
static SemaphoreHandle_t crypto;
static work *done_here; /* done by the machine's own task; a list, because a queue could overflow */

static void run(void *context)
{
    (void)context;
    const uint64_t one = 1;
    for (work *job; xQueueReceive(waiting, &job, portMAX_DELAY) == pdTRUE;) {
        job->run(job);
        xQueueSend(finished, &job, portMAX_DELAY);
        if (wake >= 0) (void)!write(wake, &one, sizeof one);
    }
}

int mote_worker_start(void)
{
    static StaticSemaphore_t room; /* static, so that creating it cannot fail */
    const esp_vfs_eventfd_config_t events = ESP_VFS_EVENTD_CONFIG_DEFAULT();
    crypto = xSemaphoreCreateMutexStatic(&room);
    waiting = xQueueCreate(MOST_WORK, sizeof(work *));
    finished = xQueueCreate(MOST_WORK, sizeof(work *));
    if (esp_vfs_eventfd_register(&events) == ESP_OK) wake = eventfd(0, 0);
    running = waiting != NULL && finished != NULL &&
              xTaskCreate(run, "work", STACK_BYTES, NULL, tskIDLE_PRIORITY + 1, NULL) == pdPASS;
    return running ? wake : -1;
}

void mote_port_work(work *job)
{
    if (running && xQueueSend(waiting, &job, 0) == pdTRUE) return;
    job->run(job); /* no task or no room, so the script waits instead */
    job->next = done_here;
    done_here = job;
}

work *mote_port_work_done(void)
{
    work *job = done_here;
    uint64_t count;
    if (job != NULL) {
        done_here = job->next;
        return job;
    }
    struct pollfd woken = {.fd = wake, .events = POLLIN};
    if (wake >= 0 && poll(&woken, 1, 0) > 0) /* before the queue is read: what comes later wakes it again */
        (void)!read(wake, &count, sizeof count);
    return xQueueReceive(finished, &job, 0) == pdTRUE ? job : NULL;
}

void mote_port_crypto_lock(void)
{
    xSemaphoreTake(crypto, portMAX_DELAY);
}

void mote_port_crypto_unlock(void)
{
    xSemaphoreGive(crypto);
}
