import { type Command, Option } from "commander"
import { writeFileSync } from "node:fs"
import { parseCoapsUri } from "../../src/coap/uri.js"
import { mcuLimits } from "../../src/dtls/handshake/limits.js"
import { type PskAnswer } from "../../src/dtls/handshake/question.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { clientOf } from "../../src/platform/node/connect/versions.js"
import { UsageError } from "../credentials.js"
import { Gate } from "../swarm/gate.js"
import { ledgerText } from "../swarm/ledger.js"
import { newWrapper } from "../swarm/session.js"
import { Swarm } from "../swarm/swarm.js"
import { type SwarmMember, type SwarmParts } from "../swarm/swarm-sensor.js"
import { Tally } from "../swarm/tally.js"
import { seededRandom } from "../testing/seeded-random.js"
import { exiting } from "./exit-code.js"
import { addConnectionOptions, type ConnectionOptions, keysOf, settingsOf, versionsOf } from "./options.js"
import { percent, seconds, whole } from "./parsers.js"
import { Reporter } from "./reporter.js"
import { onStop } from "./stopping.js"

const description =
    "A load generator: runs many sensors in one process, each with its own socket and DTLS session, that post readings to a CoAPs " +
    "server. Each sensor numbers its readings from 1 and sends the next number when the previous one was acknowledged, so " +
    "that you can check the acknowledged ones against what the server stored. A sensor that gets no answer makes a new handshake. " +
    "Sensors use the keys of --psk and --psk-file in turn; {identity} in the URI stands for that of the key."

const examples = `  mote swarm coaps://127.0.0.1/sensors/{identity} --psk-file fleet/psk.txt --sensors 1000 --duration 60
  mote swarm coaps://gateway.example/readings --psk-file fleet/psk.txt --sensors 500 --cid 0 --sleep 50 --move 5 --loss 2 --seed 7`

interface SwarmOptions extends ConnectionOptions {
    sensors: number
    /** ms */
    interval: number
    /** ms; 0: until it is stopped */
    duration: number
    handshakes: number
    /** probabilities */
    sleep: number
    move: number
    ledger?: string
}

/** Interval of progress reports, ms. */
const PROGRESS = 5000

export function addSwarmCommand(program: Command): void {
    const command = program
        .command("swarm")
        .summary("generate load: many sensors that post numbered readings")
        .description(description)
        .argument("<coaps://HOST[:PORT]/PATH>", "where to post; {identity} is replaced")
        .option(
            "--sensors <N>",
            "number of sensors, 1 to 60000; each needs a file descriptor",
            whole("--sensors", 1, 60000),
            100,
        )
        .addOption(
            new Option("--interval <SECONDS>", "time between two readings of a sensor")
                .argParser(seconds("--interval"))
                .default(10000, "10"),
        )
        .addOption(
            new Option("--duration <SECONDS>", "how long they post after they have connected")
                .argParser(seconds("--duration"))
                .default(0, "until it is stopped"),
        )
        .option("--handshakes <N>", "most handshakes at a time", whole("--handshakes", 1, 10000), 50)
        .option(
            "--sleep <PERCENT>",
            "share of sensors that close their socket between readings; needs --cid 0",
            percent("--sleep"),
            0,
        )
        .option(
            "--move <PERCENT>",
            "share of readings before which a sensor changes its address; needs --cid 0",
            percent("--move"),
            0,
        )
        .option(
            "--ledger <FILE>",
            "at the end write a line SENSOR,IDENTITY,N for each sensor: its readings 1 to N were acknowledged",
        )
    addConnectionOptions(command, examples).action(exiting(swarmCommand))
}

async function swarmCommand(uri: string, options: SwarmOptions): Promise<number> {
    const reporter = new Reporter(options)
    reporter.warnOfKeys(options)
    const members = membersOf(uri, options)
    const { host, port } = members[0].target
    const [address] = await reporter.services.resolve(host)
    const parts = partsOf(options, reporter, { address, port })
    const swarm = new Swarm(parts, members)
    const forget = onStop(() => swarm.end(true))
    reporter.note(`swarm: ${members.length} sensors are connecting to ${host}:${port}`)
    const seconds = await runSwarm(swarm, parts, options, reporter)
    forget()
    if (options.ledger !== undefined) writeLedger(options.ledger, swarm)
    return report(swarm, parts.tally, seconds, reporter)
}

function partsOf(options: SwarmOptions, reporter: Reporter, remote: SwarmParts["remote"]): SwarmParts {
    const { services } = reporter
    return {
        services,
        remote,
        newConnection: clientOf(versionsOf(options)),
        wrapper: newWrapper(services),
        interval: options.interval,
        move: options.move,
        random: options.seed === undefined ? Math.random : seededRandom(options.seed),
        gate: new Gate(options.handshakes),
        tally: new Tally(),
        ending: services.newSignal(),
        problem: (sentence) => reporter.problem(sentence),
    }
}

function membersOf(uri: string, options: SwarmOptions): SwarmMember[] {
    if (options.sleep + options.move > 0 && options.cid === undefined)
        throw new UsageError(
            "--sleep and --move change addresses: the gateway knows a sensor by a connection id then, --cid 0",
        )
    const settings = settingsOf(options, "client")
    settings.limits = mcuLimits()
    const keys = keysOf(options)
    const sleepers = Math.round(options.sensors * options.sleep)
    return Array.from({ length: options.sensors }, (_, index) => ({
        name: `s${index + 1}`,
        ...keyedMember(uri, settings, keys[index % keys.length]),
        // Spread evenly over the sensors, because keys are reused in rotation.
        sleeps:
            Math.floor(((index + 1) * sleepers) / options.sensors) > Math.floor((index * sleepers) / options.sensors),
    }))
}

type KeyedMember = Pick<SwarmMember, "identity" | "target" | "settings">

function keyedMember(uri: string, common: DtlsSettings, { identity: bytes, key }: PskAnswer): KeyedMember {
    const identity = bytes.toString()
    const target = parseCoapsUri(uri.replaceAll("{identity}", encodeURIComponent(identity)))
    return { identity, target, settings: { ...common, credentials: new SinglePsk(bytes, key) } }
}

/** @returns how long they posted, s */
async function runSwarm(swarm: Swarm, parts: SwarmParts, options: SwarmOptions, reporter: Reporter): Promise<number> {
    const begun = performance.now()
    const connected = await swarm.connect()
    const time = secondsSince(begun)
    const { sensors } = swarm.state()
    reporter.event(`connected ${connected} of ${sensors} in ${time} s`, {
        event: "connected",
        connected,
        sensors,
        seconds: time,
    })
    const posting = performance.now()
    const timer = setInterval(() => tellProgress(swarm, parts.tally, posting, reporter), PROGRESS)
    const running = swarm.run()
    await swarm.untilEnded(options.duration)
    const seconds = secondsSince(posting)
    swarm.end(false)
    await running
    clearInterval(timer)
    await swarm.close()
    return seconds
}

function secondsSince(begun: number): number {
    return Math.round((performance.now() - begun) / 100) / 10
}

function tellProgress(swarm: Swarm, tally: Tally, begun: number, reporter: Reporter): void {
    const { acknowledged, handshakes, moved } = tally
    const { connected, open } = swarm.state()
    const seconds = secondsSince(begun)
    reporter.event(
        `${seconds} s: ${connected} connected, ${acknowledged} readings acknowledged, ${open} under way, ${handshakes} handshakes, ${moved} moves`,
        { event: "progress", seconds, connected, acknowledged, open, handshakes, moved },
    )
}

function writeLedger(path: string, swarm: Swarm): void {
    const entries = swarm.sensors.map(({ member: { name, identity }, acknowledged }) => ({
        sensor: name,
        identity,
        acknowledged,
    }))
    try {
        writeFileSync(path, ledgerText(entries))
    } catch (error) {
        throw new UsageError(`--ledger: cannot write ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}

/** @returns exit code */
function report(swarm: Swarm, tally: Tally, seconds: number, reporter: Reporter): number {
    const { handshakes, failedHandshakes, posted, acknowledged, delayed, refused, unanswered, moved } = tally
    const counts = { handshakes, failedHandshakes, posted, acknowledged, delayed, refused, unanswered, moved }
    const roundTrips = tally.roundTrips()
    const { sensors, connected, open } = swarm.state()
    const { bytes, datagrams } = reporter.traffic
    const perSecond = Math.round(acknowledged / Math.max(seconds, 0.1))
    const times =
        roundTrips === null
            ? ""
            : `; answers after ${roundTrips.p50} ms (median), ${roundTrips.p99} ms (99 %), ${roundTrips.max} ms (most)`
    reporter.event(
        `done: ${acknowledged} readings acknowledged in ${seconds} s, ${perSecond} a second, ${open} not; ${handshakes} handshakes, ` +
            `${failedHandshakes} failed; ${refused} refused, ${delayed} put off, ${unanswered} without an answer; ${moved} moves${times}`,
        {
            event: "done",
            sensors,
            connected,
            open,
            seconds,
            perSecond,
            ...counts,
            roundTrips,
            datagrams,
            bytes,
            troubles: Object.fromEntries(tally.troubles),
        },
    )
    return connected === sensors && open === 0 && refused === 0 ? 0 : 1
}
