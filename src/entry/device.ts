/* mote-dtls/device: the API for programs on a device. Compiled by DeviceScript; it does not run in Node. */
import * as ds from "@devicescript/core"
import "../platform/runtime/natives.js"
import { RuntimeServices } from "../platform/runtime/services.js"
import { LogLevel } from "../gio/log-level.js"
import { runProgram, wakeOnce } from "../sensor/program.js"
import { type ReadingSource } from "../sensor/reading.js"

export { RuntimeServices } from "../platform/runtime/services.js"
export {
    configuredConnection,
    configuredCredentials,
    configuredExtensions,
    configuredLimits,
    configuredSuites,
} from "../sensor/configured.js"
export { configuredSettings } from "../sensor/connection-settings.js"
export { jsonFormat, type PayloadFormat, senmlFormat, textFormat } from "../sensor/payload.js"
export { LogObserver, sensorConfig } from "../sensor/program.js"
export { type Reading, type ReadingSource, type Sample, SimulatedSource } from "../sensor/reading.js"
export { Sensor, type SensorConfig, type SensorObserver } from "../sensor/sensor.js"

/** Cryptography, UDP, storage, clocks and log of this device. Connections and sensors are created with this object. */
export const services = new RuntimeServices()

/**
 * Returns a setting of this device: host, port, path, identity, key, interval, or any other that `mote build` writes.
 * @param missing the value to return if the device has no setting of this name
 */
export function setting(name: string, missing: string): string {
    return ds._moteSetting(name) ?? missing
}

/**
 * Reads `source` at the configured interval and posts each reading to the configured target, as SenML in CBOR (RFC 8428) over CoAPs. Never
 * returns. Continues after failures of the gateway and after errors that `source` throws.
 */
export async function runSensor(source: ReadingSource): Promise<void> {
    await runProgram(services, setting, source)
    ds.restart()
}

/**
 * Posts one reading of `source`, then switches the device off for the configured interval. With a saved session this takes one datagram and
 * no handshake (docs/sleeping-sensors.md).
 */
export async function runSleepingSensor(source: ReadingSource): Promise<void> {
    let interval = 60000
    try {
        interval = await wakeOnce(services, setting, source)
    } catch (error) {
        services.log(LogLevel.error, (error as Error).message)
    }
    deepSleep(interval)
}

/**
 * Switches the device off for `time`. The device then restarts with nothing but its storage, and `rebootReason` returns "deep-sleep".
 * @param time ms, 1 to 2^31-1
 */
export function deepSleep(time: number): void {
    ds._moteDeepSleep(time)
}

/** The reason for the last start of the device: "power-on", "reset", "panic", "watchdog", "brown-out", "deep-sleep" or "unknown". */
export function rebootReason(): string {
    return ds._moteRebootReason()
}
