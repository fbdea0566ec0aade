import { type Command } from "commander"
import { coapPathText, parseCoapsUri } from "../../src/coap/uri.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { printable } from "../../src/platform/node/printable.js"
import { UsageError } from "../credentials.js"
import { errorText, identityText, readingText } from "../describe.js"
import { Gateway, type GatewayEvents, type GatewayPeer } from "../gateway/gateway.js"
import { type ArrivedReading, Resources } from "../gateway/resources.js"
import { OfferedUpdates, readUpdates } from "../gateway/updates.js"
import { addressText } from "../trace/tracer.js"
import { addCertificateOptions } from "./certificate-options.js"
import { exiting } from "./exit-code.js"
import { addConnectionOptions } from "./options.js"
import { repeated, whole } from "./parsers.js"
import { type Reporter } from "./reporter.js"
import { addServingOptions, type Serving, servingOf, type ServingOptions } from "./serving.js"
import { onStop } from "./stopping.js"

const description =
    "A CoAPs server that stores what clients PUT or POST to a path, returns it on GET, and prints readings as they " +
    "arrive. A path belongs to the identity that created it: the identity of the client's pre-shared key, or the SHA-256 " +
    "of its public key. Every client can read it. See docs/gateway.md."

const examples = `  mote gateway --psk sensor1:00112233445566778899aabbccddeeff
  mote gateway --cert gateway.pem --key gateway.key --ca fleet-ca.pem
  coap-client-openssl -u sensor1 -k 'ASCII key' -m put -e 21.5 coaps://127.0.0.1/room   (libcoap's keys are text)`

interface GatewayOptions extends ServingOptions {
    count: number
    maxPeers: number
    shared?: string[]
    update?: string[]
}

export function addGatewayCommand(program: Command): void {
    const command = addServingOptions(program.command("gateway"), 5684)
        .summary("a CoAPs server that prints what sensors post")
        .description(description)
        .option("--count <N>", "end after N samples (0: never)", whole("--count", 0, 999999999), 0)
        .option(
            "--max-peers <N>",
            "most clients at a time; beyond it the one silent for longest is disconnected",
            whole("--max-peers", 1, 1000000),
            gatewayLimits().peers,
        )
        .option(
            "--shared <PATH>",
            "a path at and below which every client may write, such as /readings, or / for all; repeatable (default: only " +
                "the identity that created a path). Only that identity may delete it",
            repeated,
        )
        .option(
            "--update <FILE>",
            "a file of mote build --update, which devices get at /update/PRODUCT/BOARD; repeatable (docs/update.md)",
            repeated,
        )
    addCertificateOptions(command, "server")
    addConnectionOptions(command, examples).action(exiting(gatewayCommand))
}

/** Longest path printed, characters, so that the rest of the line stays visible. */
const MAX_PATH = 100

const pathText = (path: string): string => printable(path, MAX_PATH)

/** Prints a gateway's events and counts samples. */
export class GatewayReporter implements GatewayEvents {
    samples = 0

    constructor(
        private reporter: Reporter,
        private onSample: (samples: number) => void,
    ) {}

    connected(peer: GatewayPeer): void {
        const { name, ...who } = this.who(peer)
        const from = who.address === undefined ? "" : ` from ${who.address}`
        this.reporter.event(`${name} connected: ${who.identity}${from}`, { event: "client", peer: name, ...who })
    }

    readings(peer: GatewayPeer, path: string, readings: ArrivedReading[]): void {
        this.samples++
        const { name, ...who } = this.who(peer)
        const event = { event: "readings", peer: name, ...who, path, readings }
        this.reporter.event(`${name} ${pathText(path)}: ${readings.map(readingText).join(", ")}`, event)
        this.onSample(this.samples)
    }

    unread(peer: GatewayPeer, path: string, format: number, payload: Buffer): void {
        const { name, ...who } = this.who(peer)
        this.reporter.event(
            `${name} ${pathText(path)}: ${payload.length} bytes of content format ${format}, no readings in them`,
            { event: "unread", peer: name, ...who, path, format, bytes: payload.length },
        )
    }

    refused(peer: GatewayPeer, path: string): void {
        const { name, ...who } = this.who(peer)
        const why = "it belongs to another client; --shared lets all write there"
        const event = { event: "refused", peer: name, ...who, path }
        this.reporter.event(`${name} may not write to ${pathText(path)}: ${why}`, event)
    }

    ended(peer: GatewayPeer, error: Error | undefined): void {
        const { name, ...who } = this.who(peer)
        const why = error === undefined ? "left" : `ended: ${errorText(error)}`
        this.reporter.event(`${name} ${why}`, { event: "left", peer: name, ...who, why })
    }

    private who({ name, identity, connection }: GatewayPeer): { name: string; identity: string; address?: string } {
        const address = connection.getRemoteAddress()
        const from = address === undefined ? {} : { address: addressText(address) }
        return { name, identity: identityText(identity), ...from }
    }
}

async function gatewayCommand(options: GatewayOptions): Promise<number> {
    if (options.ca === undefined && options.rpkPin === undefined && (options.cert ?? options.key) !== undefined)
        throw new UsageError(
            "--ca or --rpk-pin is needed beside --cert and --key: a client is known by its key, or by its certificate",
        )
    const serving = servingOf(options)
    serving.settings.limits.peers = options.maxPeers
    const resources = new Resources(sharedPaths(options.shared ?? []))
    new OfferedUpdates(resources).replace(readUpdates(options.update ?? [], "--update"))
    return await serve(serving, options.count, resources)
}

/** The paths of --shared in the form in which the gateway compares them: normalized, without a trailing slash. */
function sharedPaths(given: string[]): string[] {
    return given.map((path) => {
        if (!path.startsWith("/")) throw new UsageError("--shared: a path that begins with /, for example /readings")
        return coapPathText(parseCoapsUri(`coaps://gateway${path.replace(/(.)\/+$/, "$1")}`).path)
    })
}

async function serve(
    { reporter, settings, watch, protocols, local }: Serving,
    count: number,
    resources: Resources,
): Promise<number> {
    await new Promise<void>((resolve, reject) => {
        const events = new GatewayReporter(reporter, (samples) => {
            if (samples === count) setTimeout(end, 100)
        })
        let gateway: Gateway | undefined
        const end = (): void => void gateway?.close().then(resolve, reject)
        const failed = (error: Error): void => void gateway?.close().then(() => reject(error), reject)
        const options = { protocols, resources }
        Gateway.start(reporter.services, settings, local, events, failed, options).then((started) => {
            gateway = started
            started.getListener().onHandshakeFailed = watch.failed
            const address = addressText(started.localAddress())
            reporter.event(`gateway: listening on ${address} for coaps://`, { event: "listening", address })
            onStop((why) => {
                if (why !== undefined) reporter.note(`gateway: ${why}; it ends`)
                end()
            })
        }, reject)
    })
    return 0
}
