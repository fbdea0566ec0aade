import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { framed, unframed } from "../../../host/gateway/framed-socket.js"
import { compare, type KeptRecord, readLedger } from "../../../host/swarm/ledger.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, freeTcpPort, fromSources, mote, Running } from "../../interop/process.js"
import { eventually } from "../../support/running-gateway.js"

const SENSORS = 12
const VERSIONS = ["1.2", "1.3"]

interface Done {
    handshakes: number
    acknowledged: number
    moved: number
}

describe("the workers of mote-gateway", function () {
    this.timeout(180000)
    const folder = temporaryFolder("workers")
    const path = (name: string): string => `${folder}/${name}`
    let port = 0
    let operations = 0

    after(() => rmSync(folder, { recursive: true }))

    async function start(): Promise<Running> {
        const running = new Running(fromSources("host/mote-gateway/main.ts", "--config", path("gateway.json")))
        await running.expect("2 workers serve", 60000)
        return running
    }

    const recordsOf = (worker: number): KeptRecord[] => {
        const lines = readFileSync(path(`readings.ndjson.worker${worker}`), "utf8")
            .split("\n")
            .filter(Boolean)
        return lines.map((line) => JSON.parse(line) as KeptRecord)
    }

    /** If a worker is killed, all of them end, so that systemd restarts the service. */
    async function endsWithItsWorker(running: Running): Promise<void> {
        const pids = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, "utf8").trim().split(" ")
        const workers = pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("gateway.json"))
        strictEqual(workers.length, 2)
        process.kill(Number(workers[0]), "SIGKILL")
        await running.ended(30000)
        strictEqual(running.exitCode, 1, running.output)
        await eventually("its other worker's end", () => (existsSync(`/proc/${workers[1]}`) ? undefined : true))
    }

    /** Half of the sensors, with one version of DTLS; they sleep and move. */
    function swarmOf(version: string): Running {
        const uri = `coaps://127.0.0.1:${port}/sensors/{identity}`
        const files = ["--psk-file", path(`${version}.psk`), "--ledger", path(`${version}.csv`), "--json"]
        const moving = ["--cid", "0", "--sleep", "50", "--move", "20", "--min-version", version]
        return new Running(
            mote(
                "swarm",
                uri,
                ...files,
                ...moving,
                "--sensors",
                `${SENSORS / 2}`,
                "--interval",
                "0.3",
                "--duration",
                "8",
            ),
        )
    }

    async function doneOf(swarm: Running): Promise<Done> {
        await swarm.ended(60000)
        strictEqual(swarm.exitCode, 0, swarm.output)
        return JSON.parse(swarm.output.trim().split("\n").at(-1) as string) as Done
    }

    it("share a port: sensors of both versions that sleep and move keep their worker and their session, also over a restart; metrics are summed, and all end with one of them", async () => {
        port = await freePort()
        operations = await freeTcpPort()
        const keys = Array.from({ length: SENSORS }, (_, i) => `d${i + 1}:${randomBytes(16).toString("hex")}\n`)
        writeFileSync(path("keys.psk"), keys.join(""), { mode: 0o600 })
        for (const [i, version] of VERSIONS.entries())
            writeFileSync(path(`${version}.psk`), keys.filter((_, key) => key % 2 === i).join(""), { mode: 0o600 })
        const config = {
            listen: [{ host: "127.0.0.1", port }],
            workers: 2,
            credentials: { file: "keys.psk" },
            acknowledge: "stored",
            sinks: { files: [{ path: "readings.ndjson" }] },
            associations: { file: "saved", keyFile: "saved.key" },
            operations: { port: operations },
        }
        writeFileSync(path("gateway.json"), JSON.stringify(config))
        const first = await start()
        const swarms = VERSIONS.map(swarmOf)
        for (const swarm of swarms) await swarm.expect('"progress"', 40000)
        const metrics = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text()
        match(metrics, new RegExp(`^mote_handshakes_total ${SENSORS}$`, "m"))
        const [before] = [recordsOf(0).length + recordsOf(1).length]
        ok(Number(/^mote_readings_total (\d+)$/m.exec(metrics)?.[1]) <= before)
        const status = (await (await fetch(`http://127.0.0.1:${operations}/status.json`)).json()) as { peers: number }
        strictEqual(status.peers, SENSORS)
        await first.end()
        strictEqual(first.exitCode, 0, first.output)
        const second = await start()
        for (const swarm of swarms) {
            const done = await doneOf(swarm)
            strictEqual(done.handshakes, SENSORS / 2)
            ok(done.acknowledged >= SENSORS / 2, `${done.acknowledged} readings`)
            ok(done.moved > done.acknowledged / 4, `${done.moved} moves in ${done.acknowledged} readings`)
        }
        const ledger = VERSIONS.flatMap((version) => readLedger(readFileSync(path(`${version}.csv`), "utf8")))
        const kept = [recordsOf(0), recordsOf(1)]
        deepStrictEqual(compare(ledger, kept.flat()).missing, [])
        // Each sensor belongs to one worker.
        const [of0, of1] = kept.map((records) => new Set(records.map(({ identity }) => identity)))
        ok(of0.size > 0 && of1.size > 0)
        strictEqual(new Set([...of0, ...of1]).size, of0.size + of1.size)
        await endsWithItsWorker(second)
    })

    it("receive datagrams in frames with the sender's address and the one it was sent to", () => {
        const from = { address: "fe80::1%eth0", port: 49152, local: "192.0.2.1" }
        deepStrictEqual(unframed(framed(Buffer.from("data"), from)), { datagram: Buffer.from("data"), address: from })
        const { local: _, ...plain } = from
        deepStrictEqual(unframed(framed(Buffer.alloc(0), plain)).address, plain)
    })
})
