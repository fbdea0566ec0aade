import { Association } from "../src/dtls/association/association.js"
import { AssociationPhase } from "../src/dtls/association/association-state.js"
import { OutputKind } from "../src/dtls/association/output.js"
import { type Limits, gatewayLimits, mcuLimits } from "../src/dtls/handshake/limits.js"
import { clientRole } from "../src/dtls/association/v12/roles.js"
import { NodeCryptoProvider } from "../src/platform/node/crypto.js"
import { IDENTITY, testKey, testSettings } from "../test/engine/simulation.js"
import { ManyClients } from "../test/support/many-clients.js"
import { benchOptions, JSON_OPTION } from "./options.js"

/*
 * npm run bench:strangers: what hellos with valid cookies from unknown hosts cost a server, and up to what rate of them
 * honest clients can still connect. The first part measures two servers side by side in one run; the clock of the
 * second part is virtual.
 */

const { json } = benchOptions<{ json?: boolean }>(
    "bench:strangers",
    "what cookie-valid hellos of unknown hosts cost a server, and who gets in meanwhile",
    [JSON_OPTION],
)

const crypto = new NodeCryptoProvider()

function serverWith(limits: Limits): ManyClients {
    const many = new ManyClients(crypto, (server) => (server.limits = limits))
    many.watch = undefined
    return many
}

// What one hello costs

/** Hellos in a batch, and batches of each server. */
const BATCH = 200
const BATCHES = 31

function fill(many: ManyClients, peers: number): void {
    for (let i = 0; i < peers; i++) many.connect(`10.0.${i >> 8}.${i & 255}|5684`, `device ${i}`)
    if (many.server.peerCount() !== peers) throw new Error(`${many.server.peerCount()} of ${peers} peers connected`)
}

/** Mean µs per hello, over a batch of hellos with valid cookies from one source address. */
function batchCost(many: ManyClients, batch: number): number {
    const hellos = Array.from({ length: BATCH }, (_, i) => {
        const key = `203.0.113.1|${1024 + ((batch * BATCH + i) % 60000)}`
        return { key, data: many.cookieValidHello(key) }
    })
    const begun = performance.now()
    for (const { key, data } of hellos) many.toServer(data, key)
    return ((performance.now() - begun) * 1000) / BATCH
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]

function costs(): Record<string, number> {
    const sizes = [0, 10000]
    const servers = sizes.map((peers) => {
        const many = serverWith(gatewayLimits())
        fill(many, peers)
        return { peers, many, samples: [] as number[] }
    })
    for (let batch = 0; batch < BATCHES; batch++)
        for (const { many, samples } of servers) samples.push(batchCost(many, batch))
    return Object.fromEntries(servers.map(({ peers, samples }) => [peers, Math.round(median(samples) * 10) / 10]))
}

// Honest clients under attack

/** How long an honest client keeps trying, in ms: longer than the handshake's deadline. */
const PATIENCE = 70000
/** Rates to try, in hellos per second. */
const RATES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]

interface Flight {
    at: number
    data: Buffer
}

/** An honest client behind a path with the given round-trip time. */
class HonestClient {
    association = new Association(testSettings(crypto), clientRole(), 0, 0)
    private toServer: Flight[] = []
    private toClient: Flight[] = []

    constructor(
        private many: ManyClients,
        private key: string,
        private roundTrip: number,
    ) {
        many.onReply = (to, data) => {
            if (to === key) this.toClient.push({ at: many.now + roundTrip / 2, data })
        }
        this.association.begin(many.now)
    }

    /** Does everything that is due at `now`. */
    run(now: number): void {
        this.association.tick(now)
        for (const { data } of takeDue(this.toClient, now)) this.association.receive(data, data.length, now)
        for (let output = this.association.poll(); output !== undefined; output = this.association.poll()) {
            if (output.kind === OutputKind.question)
                this.association.answer({ identity: Buffer.from(IDENTITY), key: testKey() }, now)
            else if (output.kind === OutputKind.datagram)
                this.toServer.push({ at: now + this.roundTrip / 2, data: output.data as Buffer })
        }
        for (const { data } of takeDue(this.toServer, now)) this.many.toServer(data, this.key)
    }
}

function takeDue(flights: Flight[], now: number): Flight[] {
    const due = flights.filter(({ at }) => at <= now)
    flights.splice(0, flights.length, ...flights.filter(({ at }) => at > now))
    return due
}

/** Whether a client can connect while `sources` addresses together send `rate` hellos per second. */
function getsIn(limits: Limits, roundTrip: number, rate: number, sources: number, offset: number): boolean {
    const many = serverWith(limits)
    const client = new HonestClient(many, "192.0.2.1|5684", roundTrip)
    let sent = 0
    for (let now = 0; now < PATIENCE && client.association.phase === AssociationPhase.handshaking; now += 5) {
        many.tick(now)
        for (; (sent * 1000) / rate + offset <= now; sent++) {
            const key = `198.51.100.${sent % sources}|${1024 + (sent % 60000)}`
            many.toServer(many.cookieValidHello(key), key)
        }
        client.run(now)
    }
    return client.association.phase === AssociationPhase.connected
}

/**
 * The highest of RATES up to which clients always connect, at whatever moment they start; 0: not even at the lowest.
 */
function highestRate(limits: Limits, roundTrip: number, sources: number): number {
    let highest = 0
    for (const rate of RATES) {
        const all = [0, 0.4, 0.8].every((phase) => getsIn(limits, roundTrip, rate, sources, (phase * 1000) / rate))
        if (!all) return highest
        highest = rate
    }
    return highest
}

function honestClients(sources: number): Record<string, Record<string, number>> {
    const profiles = { mcu: mcuLimits(), gateway: gatewayLimits() }
    const ofProfile = (limits: Limits): Record<string, number> =>
        Object.fromEntries([20, 500, 2000].map((roundTrip) => [roundTrip, highestRate(limits, roundTrip, sources)]))
    return Object.fromEntries(Object.entries(profiles).map(([name, limits]) => [name, ofProfile(limits)]))
}

const result = {
    cost_per_stranger_us: costs(),
    honest_client_ok: honestClients(1),
    honest_client_ok_16_addresses: honestClients(16),
}

function printTable(title: string, table: Record<string, Record<string, number>>): void {
    console.log(`\n${title}`)
    for (const [profile, rates] of Object.entries(table)) {
        const columns = Object.entries(rates).map(([roundTrip, rate]) => `${roundTrip} ms: ${rate}/s`.padEnd(18))
        console.log(`  ${profile.padEnd(9)}${columns.join("")}`)
    }
}

if (json === true) console.log(JSON.stringify(result))
else {
    console.log("One cookie-valid hello of an unknown host, by the number of established peers (median, µs):")
    for (const [peers, cost] of Object.entries(result.cost_per_stranger_us))
        console.log(`  ${peers.padStart(6)} peers  ${cost.toFixed(1)}`)
    printTable(
        "Hellos per second at which a client with that round trip still gets in, all from one address (1,000: highest tried):",
        result.honest_client_ok,
    )
    printTable("The same from 16 addresses:", result.honest_client_ok_16_addresses)
}
