import { decimalText } from "../../src/sensor/reading.js"
import { errorText } from "../describe.js"
import { Gateway, type GatewayEvents } from "../gateway/gateway.js"
import { type ArrivedReading } from "../gateway/resources.js"
import { addressText } from "../trace/tracer.js"
import { commonHelp, whole } from "./options.js"
import { type Reporter } from "./reporter.js"
import { readServing, type Serving } from "./serving.js"

export const gatewayHelp = `mote gateway --psk IDENTITY:HEXKEY [options]

A CoAPs server: keeps what is posted or put to any path, gives it back on GET, prints readings as they arrive.

  --host ADDRESS          address to listen on, numeric (default: all)
  --port PORT             (default 5684)
  --hint TEXT             PSK identity hint for clients
  --count N               end after N samples (default 0: never)
  --max-peers N           clients at one time (default 10000)

${commonHelp}

Examples
  mote gateway --psk sensor1:00112233445566778899aabbccddeeff
  coap-client-openssl -u sensor1 -k 'ASCII key' -m put -e 21.5 coaps://127.0.0.1/room   (libcoap's keys are text)`

/** "temperature 21.43 °C" */
export function readingText(reading: ArrivedReading): string {
    const unit = reading.unit === "Cel" ? "°C" : reading.unit
    return `${reading.name} ${decimalText(reading.value)} ${unit}`.trimEnd()
}

/** Prints what happens at a gateway and counts samples. */
export class GatewayReporter implements GatewayEvents {
    samples = 0

    constructor(
        private reporter: Reporter,
        private onSample: (samples: number) => void,
    ) {}

    connected(peer: string): void {
        this.reporter.event(`${peer} connected`, { event: "client", peer })
    }

    readings(peer: string, path: string, readings: ArrivedReading[]): void {
        this.samples++
        this.reporter.event(`${peer} ${path}: ${readings.map(readingText).join(", ")}`, {
            event: "readings",
            peer,
            path,
            readings,
        })
        this.onSample(this.samples)
    }

    ended(peer: string, error: Error | undefined): void {
        const why = error === undefined ? "left" : `ended: ${errorText(error)}`
        this.reporter.event(`${peer} ${why}`, { event: "left", peer, why })
    }
}

/** @returns exit code */
export async function gatewayCommand(args: string[]): Promise<number> {
    const own = { count: { type: "string" }, "max-peers": { type: "string" } } as const
    const serving = readServing(args, own, gatewayHelp, 5684)
    if (serving === undefined) return 0
    const { values, settings } = serving
    settings.limits.peers = whole(values, "max-peers", settings.limits.peers, 1, 1000000)
    return await serve(serving, whole(values, "count", 0, 0, 999999999))
}

async function serve({ reporter, settings, protocols, local }: Serving, count: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
        const events = new GatewayReporter(reporter, (samples) => {
            if (samples === count) setTimeout(end, 100)
        })
        let gateway: Gateway | undefined
        const end = (): void => void gateway?.close().then(resolve, reject)
        const failed = (error: Error): void => void gateway?.close().then(() => reject(error), reject)
        Gateway.start(reporter.services, settings, local, events, failed, protocols).then((started) => {
            gateway = started
            const address = addressText(started.localAddress())
            reporter.event(`gateway: listening on ${address} for coaps://`, { event: "listening", address })
            process.once("SIGINT", end)
            process.once("SIGTERM", end)
        }, reject)
    })
    return 0
}
