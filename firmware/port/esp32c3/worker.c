/* Work beside the script: a second task, and an event descriptor that ends the machine's sleep. */
#include "esp32c3.h"
#include "port.h"

#include <esp_vfs_eventfd.h>
#include <freertos/FreeRTOS.h>
#include <freertos/queue.h>
#include <freertos/task.h>
#include <unistd.h>

enum { MOST_WORK = 4, STACK_BYTES = 4096 };

static QueueHandle_t waiting, finished;
static int wake = -1;

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

int worker_start(void)
{
    const esp_vfs_eventfd_config_t events = ESP_VFS_EVENTD_CONFIG_DEFAULT();
    waiting = xQueueCreate(MOST_WORK, sizeof(work *));
    finished = xQueueCreate(MOST_WORK, sizeof(work *));
    if (esp_vfs_eventfd_register(&events) == ESP_OK) wake = eventfd(0, 0);
    if (waiting == NULL || finished == NULL) return -1;
    return xTaskCreate(run, "work", STACK_BYTES, NULL, tskIDLE_PRIORITY + 1, NULL) == pdPASS ? wake : -1;
}

void port_work(work *job)
{
    if (xQueueSend(waiting, &job, 0) == pdTRUE) return;
    job->run(job); /* the queue is full: the script waits instead */
    xQueueSend(finished, &job, portMAX_DELAY);
}

work *port_work_done(void)
{
    work *job;
    uint64_t count;
    if (xQueueReceive(finished, &job, 0) != pdTRUE) return NULL;
    if (wake >= 0 && uxQueueMessagesWaiting(finished) == 0) (void)!read(wake, &count, sizeof count);
    return job;
}
