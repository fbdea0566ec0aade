import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { seededRandom } from "../../../host/testing/seeded-random.js"
import { CaptureFile } from "../../../host/trace/capture-file.js"
import { ImpairedPath } from "../../../host/trace/impaired-path.js"
import { freePort, mote, Running, sleep, untilBound } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"

const PSK = "sensor1:000102030405060708090a0b0c0d0e0f"
const GOOD = { loss: 0, duplicate: 0, reorder: 0, delay: 0 }

/** Sends 1000 numbered datagrams through a path; returns the numbers as they arrive. */
async function throughPath(impairment: Partial<typeof GOOD>, seed: number): Promise<number[]> {
    const path = new ImpairedPath({ ...GOOD, ...impairment, random: seededRandom(seed) })
    const arrived: number[] = []
    for (let i = 0; i < 1000; i++) path.carry(() => void arrived.push(i))
    path.flush()
    await sleep(0)
    return arrived
}

function tshark(file: string, ...fields: string[]): string[][] {
    const args = ["-r", file, "-d", "udp.port==1-65535,dtls", "-T", "fields", ...fields.flatMap((f) => ["-e", f])]
    const run = spawnSync("tshark", args, { encoding: "utf8" })
    strictEqual(run.status, 0, run.stderr)
    return run.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split("\t"))
}

describe("a simulated bad path", () => {
    it("drops, duplicates and reorders the share of datagrams it was told to, and the same ones for the same seed", async () => {
        const lossy = await throughPath({ loss: 0.2 }, 7)
        ok(lossy.length > 700 && lossy.length < 900, String(lossy.length))
        deepStrictEqual(await throughPath({ loss: 0.2 }, 7), lossy)
        const doubled = await throughPath({ duplicate: 0.2 }, 8)
        ok(doubled.length > 1100 && doubled.length < 1300, String(doubled.length))
        const reordered = await throughPath({ reorder: 0.2 }, 9)
        strictEqual(new Set(reordered).size, 1000)
        const swapped = reordered.filter((number, index) => number < (reordered[index - 1] ?? -1)).length
        ok(swapped > 100 && swapped < 250, String(swapped))
    })

    it("delays each datagram, and delivers those in flight when it ends", async () => {
        const path = new ImpairedPath({ ...GOOD, delay: 50, random: seededRandom(1) })
        const arrived: string[] = []
        const begun = performance.now()
        await new Promise<void>((resolve) => path.carry(resolve))
        // A timer may be slightly early, and late by any amount.
        ok(performance.now() - begun > 49)
        path.carry(() => void arrived.push("second"))
        path.flush()
        deepStrictEqual(arrived, ["second"])
    })
})

describe("--pcap and the options of a bad path", function () {
    this.timeout(60000)

    /** A client that sends one line to a server, with these options. */
    async function talk(...options: string[]): Promise<Running> {
        const port = await freePort()
        const server = new Running(
            mote("server", "--host", "127.0.0.1", "--port", String(port), "--psk", PSK, "--echo"),
        )
        await untilBound(port)
        const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", PSK, ...options))
        await client.expect("connected")
        client.write("a reading in clear\n")
        await client.has("a reading in clear", 10000)
        client.endInput()
        await client.ended()
        await server.end()
        return client
    }

    it("write a file that tshark decrypts when a key log was asked for, readable by its owner only", async function () {
        needs(this, missingProgram("tshark"))
        const folder = temporaryFolder("pcap")
        const [pcap, keylog] = [join(folder, "run.pcapng"), join(folder, "keys.log")]
        const client = await talk("--pcap", pcap, "--keylog", keylog)
        strictEqual(client.exitCode, 0, client.output)
        strictEqual(statSync(pcap).mode & 0o777, 0o600)
        const rows = tshark(pcap, "udp.checksum.status", "dtls.handshake.type", "dtls.app_data", "data.text", "data")
        ok(rows.length >= 8, String(rows.length))
        const text = Buffer.from("a reading in clear").toString("hex")
        ok(
            rows.some((row) => row.join(" ").includes(text)),
            rows.map((row) => row.join(" ")).join("\n"),
        )
    })

    it("write no secret to the file without a key log", async function () {
        needs(this, missingProgram("tshark"))
        const pcap = join(temporaryFolder("pcap"), "run.pcapng")
        strictEqual((await talk("--pcap", pcap)).exitCode, 0)
        ok(!readFileSync(pcap).includes("CLIENT_RANDOM"))
        ok(tshark(pcap, "dtls.handshake.type").some(([type]) => type === "1"))
    })

    it("let a handshake survive loss, duplication and reordering, reproducibly for one seed", async () => {
        const client = await talk("--loss", "20", "--duplicate", "20", "--reorder", "20", "--delay", "5", "--seed", "3")
        strictEqual(client.exitCode, 0, client.output)
    })

    it("write IPv6 packets with correct checksums", function () {
        needs(this, missingProgram("tshark"))
        const file = join(temporaryFolder("pcap"), "v6.pcapng")
        const capture = new CaptureFile(file)
        capture.datagram(
            { address: "::1", port: 5684 },
            { address: "fe80::1:2", port: 40000 },
            Buffer.from("odd"),
            1e12,
        )
        capture.datagram(
            { address: "::ffff:192.0.2.1", port: 1 },
            { address: "192.0.2.2", port: 2 },
            Buffer.alloc(4),
            1e12,
        )
        capture.close()
        const check = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
        const fields = [
            "ipv6.src",
            "ipv6.dst",
            "ip.src",
            "udp.checksum.status",
            "ip.checksum.status",
            "frame.time_epoch",
        ]
        const run = spawnSync("tshark", ["-r", file, ...check, "-T", "fields", ...fields.flatMap((f) => ["-e", f])], {
            encoding: "utf8",
        })
        deepStrictEqual(run.stdout.trimEnd().split("\n"), [
            "::1\tfe80::1:2\t\t1\t\t1000000000.000000000",
            "\t\t192.0.2.1\t1\t1\t1000000000.000000000",
        ])
    })

    it("are refused with a sentence when they are not percentages, or when the file cannot be written", async () => {
        for (const [options, sentence] of [
            [["--loss", "101"], "--loss: a percentage, from 0 to 100"],
            [["--pcap", "/no/such/folder/file"], "--pcap: cannot write /no/such/folder/file (ENOENT)"],
        ] as const) {
            const client = new Running(mote("client", "127.0.0.1:1", "--psk", PSK, ...options))
            await client.expect(sentence)
            await client.ended()
            strictEqual(client.exitCode, 2)
        }
    })
})
