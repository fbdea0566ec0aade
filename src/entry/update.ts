/* mote-dtls/update: programs that are replaced over the air (docs/update.md). Compiled by DeviceScript; it does not run in Node. */
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

/** So long a last answer may be repeated before the new program starts, ms: its acknowledgement may have been lost. */
const RESTART_DELAY = 3000

/** Updates as `"update"` of devs.config.json has them: whose, and for which devices. */
export function configuredUpdate(): ProgramUpdate {
    const source = { key: Buffer.from(setting("update-key", ""), "hex"), target: setting("update-target", "") }
    return new ProgramUpdate(services, new RuntimeKeys(), new RuntimeProgramSlots(), source)
}

/** Starts the device anew in a few seconds, and with it the program that was written last. */
export function restartLater(): void {
    services.log(LogLevel.info, "Another program starts")
    services.spawn(async () => {
        await ds.sleep(RESTART_DELAY)
        deepSleep(1)
    })
}

/**
 * As `runSensor`, and gets its updates from the gateway it posts to, at update/PRODUCT/BOARD. The program confirms itself when the
 * first of its samples is answered.
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
