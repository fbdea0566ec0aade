import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type CoapUri } from "../../src/coap/uri.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { type DeviceImage } from "../build/device.js"
import { UsageError } from "../credentials.js"
import { errorText } from "../describe.js"
import { inWords } from "../device-words.js"
import { DebugMap } from "../simulator/debug-map.js"
import { Device, type Outcome } from "../simulator/device.js"
import { panicLines } from "./outcome.js"
import { type Reporter } from "./reporter.js"
import { onStop } from "./stopping.js"
import { WrongKeyWatch, wrongKeyError } from "../wrong-key.js"

/** The sensor program's device settings. */
export interface SensorSettings {
    target: CoapUri
    /** identity and key, or the settings for certificates */
    credentials: Record<string, string>
    /** ms */
    interval: number
    /** number of samples; 0: no limit */
    count: number
    name: string
    profile: string
}

/**
 * Number of unsuccessful attempts to reach the server, without any success before, after which the command gives up.
 */
export const MOST_FAILURES = 3

/** Heap size of the simulated device, bytes: half of the board's. */
const HEAP = 64 * 1024

function deviceSettings({ target, credentials, ...rest }: SensorSettings): Record<string, string> {
    if (target.path.length !== 1 || target.query.length > 0)
        throw new UsageError("the device posts to a path of one part, for example coaps://gateway.example/readings")
    return {
        host: target.host,
        port: String(target.port),
        path: target.path[0],
        ...credentials,
        interval: String(rest.interval),
        count: String(rest.count),
        name: rest.name,
        profile: rest.profile,
    }
}

/** A program in the simulator, with a sensor's settings. */
export class SimulatedSensor {
    /** number of consecutive attempts without a connection */
    private failures = 0
    private wrongKey = new WrongKeyWatch(() => this.device.stop())

    private constructor(
        private device: Device,
        private debug: DebugMap | undefined,
        private reporter: Reporter,
    ) {}

    /** @param program and the machine for it */
    static create(
        { image, module }: { image: DeviceImage; module: WebAssembly.Module },
        settings: SensorSettings,
        reporter: Reporter,
    ): SimulatedSensor {
        const given = deviceSettings(settings)
        const watch: { sensor?: SimulatedSensor } = {}
        const device = new Device(module, readFileSync(image.path), {
            heapBytes: HEAP,
            maxDepth: 100,
            guard: 0,
            gcStress: false,
            virtualTime: false,
            deviceId: "1",
            settings: given,
            storageFolder: join(".mote", "sim", "1"),
            print: (_level, line) => reporter.event(`sensor: ${line}`, { event: "console", line }),
            log: (level, message) => {
                logged(reporter, level, message)
                watch.sensor?.count(message)
            },
            observe: (direction, peer, data, local) => reporter.observe(direction, peer, data, local),
            network: reporter.network(),
        })
        watch.sensor = new SimulatedSensor(device, DebugMap.load(image.debugPath, image.home), reporter)
        return watch.sensor
    }

    /** A device tries for ever; a person who watches it wants an end. */
    private count(message: string): void {
        if (message === "Different keys?") this.wrongKey.suspect()
        if (message.startsWith("connected: ")) {
            this.failures = 0
            this.wrongKey.clear()
        }
        if (!message.includes("; next attempt in ")) return
        this.failures++
        if (this.failures === MOST_FAILURES) this.device.stop()
    }

    /** Runs until the program ends or is interrupted. @returns exit code */
    async run(): Promise<number> {
        const forget = onStop(() => this.device.stop())
        const outcome = await this.device.run()
        forget()
        this.wrongKey.clear()
        for (const line of panicLines(outcome, this.debug)) this.reporter.problem(line)
        this.tellMemory(outcome)
        if (this.wrongKey.hasGivenUp) {
            this.reporter.problem(`${errorText(wrongKeyError())} (a device goes on)`)
            return 1
        }
        if (this.failures >= MOST_FAILURES) {
            this.reporter.problem(`the sensor gives up after ${MOST_FAILURES} attempts (a device goes on)`)
            return 1
        }
        return outcome.code === undefined || outcome.code === 0 ? 0 : 1
    }

    private tellMemory({ counters }: Outcome): void {
        const { peakLiveBytes, arenaBytes, operations, natives } = counters
        const [live, arena] = [peakLiveBytes, arenaBytes].map((bytes) => (bytes / 1024).toFixed(1))
        this.reporter.event(
            `sensor: at most ${live} of ${arena} KB of heap in use; ${operations} operations, ${natives} natives`,
            { event: "done", heap: peakLiveBytes, operations, natives },
        )
    }
}

function logged(reporter: Reporter, level: LogLevel, message: string): void {
    const { bytes, datagrams } = reporter.socketTraffic
    const traffic = message.startsWith("connected: ") ? `, ${bytes} bytes in ${datagrams} datagrams` : ""
    const mark = level >= LogLevel.warning ? `${LogLevel[level]}: ` : ""
    const words = inWords(message)
    const event = { event: "log", level: LogLevel[level], message: words }
    reporter.event(`sensor: ${mark}${words}${traffic}`, event)
}
