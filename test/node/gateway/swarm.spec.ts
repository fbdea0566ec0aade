import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { compare, type KeptRecord, readLedger } from "../../../host/swarm/ledger.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { freePort, mote, Running } from "../../interop/process.js"
import { updateKeys, updatesOf } from "../../support/key-update.js"
import { eventually, RunningGateway } from "../../support/running-gateway.js"

interface Done {
    event: string
    acknowledged: number
    handshakes: number
    moved: number
    refused: number
}

/** A gateway with many devices, and mote swarm. */
class Fleet {
    readonly gateway = new RunningGateway()
    private port = 0

    async start(devices: number, config: object = {}): Promise<void> {
        const lines = Array.from({ length: devices }, (_, i) => `d${i + 1}:${randomBytes(16).toString("hex")}\n`)
        this.gateway.write("keys.psk", lines.join(""))
        this.port = await freePort()
        await this.gateway.start({
            listen: [{ host: "127.0.0.1", port: this.port }],
            acknowledge: "stored",
            sinks: { files: [{ path: "readings.ndjson" }] },
            associations: { file: "saved", keyFile: "saved.key" },
            ...config,
        })
    }

    swarm(...options: string[]): Running {
        const { gateway, port } = this
        const files = ["--psk-file", gateway.path("keys.psk"), "--ledger", gateway.path("ledger.csv")]
        const uri = `coaps://127.0.0.1:${port}/sensors/{identity}`
        return new Running(mote("swarm", uri, ...files, "--json", ...options))
    }

    /** The last event after the swarm has ended. */
    static async doneOf(swarm: Running, exitCode: number): Promise<Done> {
        await swarm.ended(60000)
        strictEqual(swarm.exitCode, exitCode, swarm.output)
        const done = JSON.parse(swarm.output.trim().split("\n").at(-1) as string) as Done
        strictEqual(done.event, "done", swarm.output)
        return done
    }

    /** Checks that everything acknowledged is in the sink. @returns how much that is */
    checkSink(): number {
        const ledger = readLedger(readFileSync(this.gateway.path("ledger.csv"), "utf8"))
        const records = this.gateway.lines("readings.ndjson") as unknown as KeptRecord[]
        const { missing, acknowledged } = compare(ledger, records)
        deepStrictEqual(missing, [])
        return acknowledged
    }
}

describe("mote swarm", function () {
    this.timeout(90000)
    let fleet: Fleet
    let renewing: NodeJS.Timeout | undefined

    // Also after a failure: a gateway's timers and sockets would disturb later tests.
    afterEach(async () => {
        clearInterval(renewing)
        await fleet.gateway.end()
    })

    async function start(devices: number, config?: object): Promise<void> {
        fleet = new Fleet()
        await fleet.start(devices, config)
    }

    it("posts numbered readings over loss, sleep and new addresses with one handshake each; every acknowledged one is in the sink", async () => {
        await start(20)
        const path = ["--cid", "0", "--sleep", "50", "--move", "20", "--loss", "4", "--seed", "3"]
        const swarm = fleet.swarm("--sensors", "20", "--interval", "0.2", "--duration", "2", ...path)
        const done = await Fleet.doneOf(swarm, 0)
        strictEqual(done.handshakes, 20)
        // The number of readings in two seconds depends on the computer; half of the sensors move after each.
        ok(done.acknowledged > 10, `${done.acknowledged} readings`)
        ok(done.moved > done.acknowledged / 4, `${done.moved} moves in ${done.acknowledged} readings`)
        strictEqual(fleet.checkSink(), done.acknowledged)
    })

    it("continues in DTLS 1.3 at new addresses when the gateway updates its keys there, with one handshake each", async () => {
        await start(4)
        const path = ["--cid", "0", "--move", "50", "--seed", "5", "--min-version", "1.3"]
        const swarm = fleet.swarm("--sensors", "4", "--interval", "0.1", "--duration", "60", ...path)
        const connections = (): DtlsConnection[] =>
            fleet.gateway.service.listeners.peers().map(({ connection }) => connection)
        renewing = setInterval(() => connections().forEach(updateKeys), 300)
        const updates = await eventually("renewed keys of all", () => {
            const counts = connections().map(updatesOf)
            return counts.length === 4 && counts.every((count) => count > 5) ? counts : undefined
        })
        await swarm.end()
        const done = await Fleet.doneOf(swarm, 0)
        strictEqual(done.handshakes, 4, `${updates.join()} updates: ${swarm.output}`)
        ok(done.moved > 4, `${done.moved} moves`)
        strictEqual(fleet.checkSink(), done.acknowledged)
    })

    it("survives a restart of the gateway that keeps sessions, without a handshake and without a missing reading", async () => {
        await start(20)
        const swarm = fleet.swarm("--sensors", "20", "--interval", "0.2", "--duration", "4")
        await swarm.expect('"connected"')
        await fleet.gateway.restart()
        const done = await Fleet.doneOf(swarm, 0)
        strictEqual(done.handshakes, 20)
        strictEqual(fleet.checkSink(), done.acknowledged)
    })

    it("reports a refusal once, and fails", async () => {
        await start(2, { rights: { read: ["/"], write: ["/elsewhere"] } })
        const swarm = fleet.swarm("--sensors", "2", "--interval", "0.1", "--duration", "0.5")
        const done = await Fleet.doneOf(swarm, 1)
        strictEqual(done.acknowledged, 0)
        ok(done.refused > 2, swarm.output)
        strictEqual(swarm.output.match(/"problem","message":"the gateway answers 4.03 /g)?.length, 1, swarm.output)
    })

    it("reports a wrong key once, and at once: no handshake waits for its deadline", async () => {
        await start(2)
        const swarm = fleet.swarm(
            "--psk",
            `d1:${"00".repeat(16)}`,
            "--sensors",
            "1",
            "--interval",
            "0.1",
            "--duration",
            "0.5",
        )
        const begun = performance.now()
        await Fleet.doneOf(swarm, 1)
        const told = swarm.output.match(/"problem","message":"[^"]*PSK identity or key differ/g)?.length
        strictEqual(told, 1, swarm.output)
        // Would be reported only after a minute.
        ok(performance.now() - begun < 50000, swarm.output)
    })

    it("ends on SIGTERM with exit code 0 and its summary so far", async () => {
        await start(2)
        const swarm = fleet.swarm("--sensors", "2", "--interval", "0.1")
        await swarm.expect('"connected"')
        await swarm.end()
        const done = await Fleet.doneOf(swarm, 0)
        strictEqual(done.handshakes, 2)
    })
})

describe("the ledger of mote swarm", () => {
    it("finds missing and duplicate readings in a sink", () => {
        const ledger = readLedger("s1,a,b,2\ns2,c,1\n")
        const record = (name: string, identity: string, value: number): KeptRecord => ({
            identity,
            readings: [{ name, value }],
        })
        const { missing, twice } = compare(ledger, [record("s1", "a,b", 2), record("s2", "c", 1), record("s2", "c", 1)])
        deepStrictEqual(missing, ["s1 of a,b: 1"])
        deepStrictEqual(twice, ["s2 of c: 1"])
    })
})
