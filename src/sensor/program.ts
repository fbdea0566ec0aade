/* Settings and logging that the sensor programs of all platforms share. */
import { defaultCoapParameters } from "../coap/parameters.js"
import { Diagnostic } from "../dtls/association/output.js"
import { LogLevel } from "../gio/log-level.js"
import { type Services } from "../platform/services.js"
import { configuredConnection } from "./configured.js"
import { configuredSettings } from "./connection-settings.js"
import { senmlFormat } from "./payload.js"
import { type ReadingSource, type Sample } from "./reading.js"
import { Sensor, type SensorConfig, type SensorObserver } from "./sensor.js"
import { SleepingSensor } from "./sleeper.js"
import { type CoapsSession } from "./session.js"
import { type SettingSource } from "./settings.js"

/**
 * Logs what a sensor does.
 * @devsWhenUsed
 */
export class LogObserver implements SensorObserver {
    constructor(private services: Services) {}

    connected(session: CoapsSession): void {
        this.services.log(LogLevel.info, "connected: handshake " + Math.round(session.handshakeTime) + " ms")
    }

    posted(sample: Sample, _time: number): void {
        this.services.log(LogLevel.info, "posted sample " + sample.number)
    }

    rejected(sample: Sample, why: string): void {
        this.services.log(LogLevel.error, "sample " + sample.number + " was refused: " + why)
    }

    dropped(sample: Sample): void {
        this.services.log(LogLevel.warning, "queue full, lost sample " + sample.number)
    }

    trouble(error: Error, pause: number): void {
        this.services.log(LogLevel.warning, error.message + "; next attempt in " + pause + " ms")
    }
}

/** Reads a whole-number setting. Throws an error that names the setting if it is below `minimum` or not a number. */
function wholeSetting(setting: SettingSource, name: string, fallback: string, minimum: number): number {
    const value = parseInt(setting(name, fallback))
    if (!(value >= minimum)) throw new Error("setting " + name + ": a number of at least " + minimum)
    return value
}

/** Logs suspected key mismatches: a wrong key looks like packet loss, and the handshake's deadline is a minute away. */
function keyWarning(services: Services): (diagnostic: Diagnostic) => void {
    return (diagnostic) => {
        if (diagnostic === Diagnostic.keyMismatch) services.log(LogLevel.warning, "Different keys?")
    }
}

/**
 * Reads a sensor's configuration from the device's settings (docs/configuration.md); a program may change parts of it.
 * The target comes in parts, because `mote build` parses the URI so that the device need not. Throws Error for a number
 * out of range, which names the setting.
 */
export function sensorConfig(services: Services, setting: SettingSource): SensorConfig {
    const dtls = configuredSettings(services, setting)
    dtls.onDiagnostic = keyWarning(services)
    return {
        target: {
            host: setting("host", ""),
            port: parseInt(setting("port", "5684")),
            path: [setting("path", "readings")],
            query: [],
        },
        format: senmlFormat(setting("name", "")),
        interval: wholeSetting(setting, "interval", "60000", 10),
        count: wholeSetting(setting, "count", "0", 0),
        queueLimit: 16,
        localPort: 0,
        retryInitial: 1000,
        retryMaximum: 60000,
        newConnection: configuredConnection,
        dtls,
        coap: defaultCoapParameters(),
    }
}

/**
 * Runs one wake of a sensor that sleeps between readings (docs/sleeping-sensors.md).
 * @returns how long to sleep, ms
 */
export async function wakeOnce(services: Services, setting: SettingSource, source: ReadingSource): Promise<number> {
    const config = sensorConfig(services, setting)
    const key = Buffer.from(setting("key", ""), "hex")
    const confirmEvery = wholeSetting(setting, "confirmEvery", "16", 1)
    await new SleepingSensor(services, config, source, key, confirmEvery).wake()
    return config.interval
}

/** Runs the sensor to its end; logs an error that stops it. */
export async function runProgram(services: Services, setting: SettingSource, source: ReadingSource): Promise<void> {
    try {
        await new Sensor(services, sensorConfig(services, setting), source, new LogObserver(services)).run()
    } catch (error) {
        services.log(LogLevel.error, (error as Error).message)
    }
}
