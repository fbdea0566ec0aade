import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { coapUriText, parseCoapsUri } from "../../src/coap/uri.js"
import { jsonFormat, senmlFormat, textFormat } from "../../src/sensor/payload.js"
import { type Sample, SimulatedSource } from "../../src/sensor/reading.js"
import { Sensor, type SensorConfig, type SensorObserver } from "../../src/sensor/sensor.js"
import { type CoapsSession } from "../../src/sensor/session.js"
import { UsageError } from "../credentials.js"
import { errorText, readingText } from "../describe.js"
import { commonHelp, parseOptions, seconds, settingsOf, text, type Values, whole } from "./options.js"
import { printText } from "./output.js"
import { Reporter } from "./reporter.js"
import { onStop } from "./stopping.js"

export const sensorHelp = `mote sensor coaps://HOST[:PORT]/PATH --psk IDENTITY:HEXKEY [options]

Measures (a simulated room) and posts each sample to a CoAPs server. Outlives its gateway: readings are
queued and a new session is made, at growing, jittered intervals.

  --interval SECONDS      between samples (default 1)
  --count N               samples to take, then end (default 0: for ever)
  --format senml|json|text  (default senml: SenML in CBOR, RFC 8428)
  --name NAME             SenML base name (default urn:mote:sensor:)
  --queue N               samples kept while the gateway is away (default 1000)
  --local-port PORT       UDP port to send from (default: any)

${commonHelp}

Examples
  mote sensor coaps://127.0.0.1:5684/readings --psk sensor1:00112233445566778899aabbccddeeff --count 5
  mote sensor coaps://gateway.example/readings --psk-file keys.txt --profile cellular --interval 60 --trace`

const formats = new Map([
    ["senml", senmlFormat],
    ["json", jsonFormat],
    ["text", textFormat],
])

/** What became of the samples. */
export interface SensorTally {
    posted: number
    rejected: number
    dropped: number
}

/** Reports a sensor's doings and counts them. */
export class SensorReporter implements SensorObserver {
    tally: SensorTally = { posted: 0, rejected: 0, dropped: 0 }

    constructor(private reporter: Reporter) {}

    connected(session: CoapsSession): void {
        const suite = session.connection.getCiphersuiteName() ?? ""
        const { bytes, datagrams } = this.reporter.socketTraffic
        const handshake = { time: Math.round(session.handshakeTime * 10) / 10, bytes, datagrams }
        this.reporter.event(
            `connected: handshake ${handshake.time} ms, ${bytes} bytes in ${datagrams} datagrams, ${suite}`,
            { event: "connected", suite, handshake },
        )
    }

    posted(sample: Sample, time: number): void {
        this.tally.posted++
        const values = sample.readings.map(readingText).join(", ")
        this.reporter.event(`posted ${sample.number}: ${values} (${Math.round(time)} ms)`, {
            event: "posted",
            number: sample.number,
            readings: sample.readings,
        })
    }

    rejected(sample: Sample, why: string): void {
        this.tally.rejected++
        this.reporter.event(`refused ${sample.number}: ${why}; does the server take posts at that path?`, {
            event: "rejected",
            number: sample.number,
            why,
        })
    }

    dropped(sample: Sample): void {
        this.tally.dropped++
        this.reporter.event(`lost ${sample.number}: the queue is full (--queue)`, {
            event: "dropped",
            number: sample.number,
        })
    }

    trouble(error: Error, pause: number): void {
        const message = errorText(error)
        this.reporter.event(`trouble: ${message}; next attempt in ${(pause / 1000).toFixed(1)} s`, {
            event: "trouble",
            message,
            pause,
        })
    }
}

/** The sensor's configuration from the command line. */
export function sensorConfig(values: Values, uri: string, reporter: Reporter): SensorConfig {
    const format = formats.get(text(values, "format") ?? "senml")
    if (format === undefined) throw new UsageError("--format: senml, json or text")
    const dtls = settingsOf(values, "client", undefined)
    dtls.onDiagnostic = reporter.diagnostic
    return {
        target: parseCoapsUri(uri),
        format: format(text(values, "name") ?? "urn:mote:sensor:"),
        interval: seconds(values, "interval", 1000),
        count: whole(values, "count", 0, 0, 999999999),
        queueLimit: whole(values, "queue", 1000, 1, 1000000),
        localPort: whole(values, "local-port", 0, 0, 65535),
        retryInitial: 1000,
        retryMaximum: 60000,
        dtls,
        coap: defaultCoapParameters(),
    }
}

export const sensorOptions = {
    interval: { type: "string" },
    count: { type: "string" },
    format: { type: "string" },
    name: { type: "string" },
    queue: { type: "string" },
    "local-port": { type: "string" },
} as const

/** @returns exit code */
export async function sensorCommand(args: string[]): Promise<number> {
    const { values, positionals } = parseOptions(args, sensorOptions)
    if (values["help"] === true) return help()
    const uri = positionals[0]
    if (uri === undefined || positionals.length > 1)
        throw new UsageError("one address is needed: coaps://HOST[:PORT]/PATH")
    const reporter = new Reporter(values)
    const config = sensorConfig(values, uri, reporter)
    return await runSensor(config, reporter)
}

function help(): number {
    printText(sensorHelp)
    return 0
}

/** Runs until it is done or interrupted. @returns exit code */
export async function runSensor(config: SensorConfig, reporter: Reporter): Promise<number> {
    const { services } = reporter
    const observer = new SensorReporter(reporter)
    const sensor = new Sensor(services, config, new SimulatedSource(Math.random), observer)
    reporter.note(`sensor: posting to ${coapUriText(config.target)} every ${config.interval / 1000} s`)
    const forget = onStop(() => sensor.stop())
    await sensor.run()
    forget()
    const { posted, rejected, dropped } = observer.tally
    const unsent = sensor.unsent()
    const rest = unsent === 0 ? "" : `, ${unsent} measured and not sent`
    reporter.event(`done: ${posted} samples posted, ${rejected} refused, ${dropped} lost${rest}`, {
        event: "done",
        ...observer.tally,
        unsent,
    })
    const complete = config.count > 0 ? posted === config.count : rejected + dropped + unsent === 0
    return complete ? 0 : 1
}
