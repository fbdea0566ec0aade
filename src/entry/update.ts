/* mote-dtls/update: over-the-air updates of programs (docs/update.md). Compiled by DeviceScript; it does not run in Node. */
import * as ds from "@devicescript/core"
import { LogLevel } from "../gio/log-level.js"
import { RuntimeKeys } from "../platform/runtime/keys.js"
import { RuntimeProgramSlots } from "../platform/runtime/program-slots.js"
import { sensorConfig } from "../sensor/program.js"
import { type ReadingSource } from "../sensor/reading.js"
import { Sensor } from "../sensor/sensor.js"
import { UpdatingObserver } from "../sensor/updating-observer.js"
import { ProgramUpdate } from "../update/program-update.js"
import { UpdatePull } from "../update/update-pull.js"
import { deepSleep, services, setting } from "./device.js"

export { UpdatingObserver } from "../sensor/updating-observer.js"
export { type ProgramSlots } from "../update/program-slots.js"
export { ProgramUpdate, type Refusal, type UpdateSource } from "../update/program-update.js"
export { UpdatePull } from "../update/update-pull.js"
export { UpdateResource } from "../update/update-resource.js"

/** Delay before the new program starts, ms. Until then the last answer can be repeated, because its acknowledgement may have been lost. */
const RESTART_DELAY = 3000

/** The update settings of devs.config.json (`"update"`): the key that signs updates, and the devices that updates are for. */
export function configuredUpdate(): ProgramUpdate {
    const source = { key: Buffer.from(setting("update-key", ""), "hex"), target: setting("update-target", "") }
    return new ProgramUpdate(services, new RuntimeKeys(), new RuntimeProgramSlots(), source)
}

/** Restarts the device after a few seconds. The program that was written last then starts. */
export function restartLater(): void {
    services.log(LogLevel.info, "Another program starts")
    services.spawn(async () => {
        await ds.sleep(RESTART_DELAY)
        deepSleep(1)
    })
}

/**
 * Like `runSensor`, and also downloads updates from its gateway, from the path update/PRODUCT/BOARD. The program confirms itself when its
 * first reading is answered.
 */
export async function runUpdatableSensor(source: ReadingSource): Promise<void> {
    const update = configuredUpdate()
    const pull = new UpdatePull(update, ["update", ...update.source.target.split("/")])
    const interval = parseInt(setting("update-interval", "86400000"))
    const observer = new UpdatingObserver(services, update.slots, pull, interval, restartLater)
    try {
        await new Sensor(services, sensorConfig(services, setting), source, observer).run()
    } catch (error) {
        services.log(LogLevel.error, (error as Error).message)
    }
    ds.restart()
}
