import { type Command, Option } from "commander"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { coapUriText, parseCoapsUri } from "../../src/coap/uri.js"
import { jsonFormat, senmlFormat, textFormat } from "../../src/sensor/payload.js"
import { type Sample, SimulatedSource } from "../../src/sensor/reading.js"
import { Sensor, type SensorConfig, type SensorObserver } from "../../src/sensor/sensor.js"
import { type CoapsSession } from "../../src/sensor/session.js"
import { errorText, readingText } from "../describe.js"
import { exiting } from "./exit-code.js"
import { clientOf } from "../../src/platform/node/connect/versions.js"
import { addConnectionOptions, type ConnectionOptions, settingsOf, versionsOf } from "./options.js"
import { choice, seconds, whole } from "./parsers.js"
import { Reporter } from "./reporter.js"
import { MOST_FAILURES } from "./simulated-sensor.js"
import { onStop } from "./stopping.js"
import { WrongKeyWatch, wrongKeyError } from "../wrong-key.js"

const description =
    "Takes samples (of a simulated room) and posts each to a CoAPs server. While the gateway is away, it queues " +
    "readings and tries to make a new session, at growing, jittered intervals."

const examples = `  mote sensor coaps://127.0.0.1:5684/readings --psk sensor1:00112233445566778899aabbccddeeff --count 5
  mote sensor coaps://gateway.example/readings --psk-file keys.txt --profile cellular --interval 60 --trace`

const formats = { senml: senmlFormat, json: jsonFormat, text: textFormat }

interface SensorOptions extends ConnectionOptions {
    /** ms */
    interval: number
    count: number
    format: keyof typeof formats
    name: string
    queue: number
    localPort: number
}

export function addSensorCommand(program: Command): void {
    const command = program
        .command("sensor")
        .summary("take samples and post them to a CoAPs server")
        .description(description)
        .argument("<coaps://HOST[:PORT]/PATH>", "where to post")
        .addOption(
            new Option("--interval <SECONDS>", "time between samples")
                .argParser(seconds("--interval"))
                .default(1000, "1"),
        )
        .option("--count <N>", "end after N samples (0: never)", whole("--count", 0, 999999999), 0)
        .addOption(choice("--format <NAME>", "senml: SenML in CBOR (RFC 8428)", Object.keys(formats)).default("senml"))
        .option("--name <NAME>", "SenML base name", "urn:mote:sensor:")
        .option("--queue <N>", "most samples to keep while the gateway is away", whole("--queue", 1, 1000000), 1000)
        .option("--local-port <PORT>", "UDP port to send from (0: any)", whole("--local-port", 0, 65535), 0)
    addConnectionOptions(command, examples).action(exiting(sensorCommand))
}

/** Counts of samples. */
export interface SensorTally {
    posted: number
    rejected: number
    dropped: number
}

/** Reports a sensor's events and counts them. */
export class SensorReporter implements SensorObserver {
    tally: SensorTally = { posted: 0, rejected: 0, dropped: 0 }
    /** number of consecutive attempts without a connection */
    private failures = 0

    /** @param onAttempt called after each attempt with the number of consecutive failures, 0 after a success */
    constructor(
        private reporter: Reporter,
        private onAttempt: (failures: number) => void,
    ) {}

    connected(session: CoapsSession): void {
        this.failures = 0
        this.onAttempt(0)
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
        this.onAttempt(++this.failures)
    }
}

/** The sensor's configuration from the command line. */
function sensorConfig(options: SensorOptions, uri: string, reporter: Reporter): SensorConfig {
    const dtls = settingsOf(options, "client")
    reporter.warnOfKeys(options)
    return {
        target: parseCoapsUri(uri),
        format: formats[options.format](options.name),
        interval: options.interval,
        count: options.count,
        queueLimit: options.queue,
        localPort: options.localPort,
        retryInitial: 1000,
        retryMaximum: 60000,
        newConnection: clientOf(versionsOf(options)),
        dtls,
        coap: defaultCoapParameters(),
    }
}

async function sensorCommand(uri: string, options: SensorOptions): Promise<number> {
    const reporter = new Reporter(options)
    return await runSensor(sensorConfig(options, uri, reporter), reporter)
}

/** Runs until it is done or interrupted. @returns exit code */
export async function runSensor(config: SensorConfig, reporter: Reporter): Promise<number> {
    const { services } = reporter
    const finite = config.count > 0
    const giveUp = (why: string): void => {
        reporter.problem(`${why} (without --count it would go on)`)
        sensor.stop()
    }
    const wrongKey = new WrongKeyWatch(() => {
        const why = errorText(wrongKeyError())
        if (finite) giveUp(why)
        else reporter.problem(why)
    })
    const observer = new SensorReporter(reporter, (failures) => {
        wrongKey.clear()
        if (finite && failures === MOST_FAILURES) giveUp(`the sensor gives up after ${failures} attempts`)
    })
    config.dtls.onDiagnostic = wrongKey.diagnosing(reporter.diagnostic)
    const sensor = new Sensor(services, config, new SimulatedSource(Math.random), observer)
    reporter.note(`sensor: posting to ${coapUriText(config.target)} every ${config.interval / 1000} s`)
    const forget = onStop(() => sensor.stop())
    await sensor.run()
    wrongKey.clear()
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
