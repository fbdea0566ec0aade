import { deepStrictEqual, ok } from "node:assert/strict"
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { buildNative, device as linuxDevice, missingFor } from "../../../host/build/native.js"
import { type Device } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { type LaterDriver } from "../../../src/dtls/association/v13/later-driver.js"
import { type HashedSecret } from "../../../src/dtls/crypto/v13/key-schedule.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { keyBlock } from "../../../src/dtls/crypto/v12/key-schedule.js"
import { pskPremasterSecret } from "../../../src/dtls/key-exchange/psk.js"
import { HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { connect, type DtlsSocket, listen } from "../../../src/index.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { freePort, Running, sleep } from "../../interop/process.js"
import { simulatedDevice } from "../../support/simulated-device.js"

const KEY = Buffer.from("c8a1f03b5e92d7446f1b80a95de3721c", "hex")
const IDENTITY = "sensor1"
const PROGRAM = "test/device/secrets.ts"

/** What HMAC hashes first: the key, filled up with zeros, xor one byte (RFC 2104). */
function pad(key: Buffer, byte: number): Buffer {
    return Buffer.from(key.map((k) => k ^ byte))
}

/**
 * Every form of a handshake's secrets that is long enough not to be found by chance. @param line of the peer's key log
 */
function secretsOf(peer: DtlsSocket, line: string): Record<string, Buffer> {
    const [, random, hex] = line.split(" ")
    const master = Buffer.from(hex, "hex")
    const parameters = peer.dtls.getAssociation()?.parameters
    const hmac = new NodeCryptoProvider().newHmac(HashAlgorithm.sha256, master)
    const suite = TLS_PSK_WITH_AES_128_CCM_8()
    const keys = keyBlock(hmac, suite.aead, Buffer.from(random, "hex"), parameters?.serverRandom as Buffer)
    const premaster = pskPremasterSecret(KEY)
    return {
        "the key": KEY,
        "the key's digits": Buffer.from(KEY.toString("hex")),
        "the master secret": master,
        "a half of the master secret": master.subarray(0, 24),
        "the client's write key": keys.client.key,
        "the server's write key": keys.server.key,
        "the inner pad of the premaster secret": pad(premaster, 0x36),
        "the outer pad of the premaster secret": pad(premaster, 0x5c),
        "the inner pad of the master secret": pad(master, 0x36),
        "the outer pad of the master secret": pad(master, 0x5c),
    }
}

interface Peer {
    /** settings of the device, which meets this peer */
    settings: Record<string, string>
    /** Does what the program expects. @returns the secrets of the handshake */
    meet(): Promise<Record<string, Buffer>>
}

/** A server for a device that is a client. */
async function server(): Promise<Peer> {
    const lines: string[] = []
    const psk = { identity: IDENTITY, key: KEY }
    const listening = await listen(0, { psk, keyLog: (line) => void lines.push(line) }, "127.0.0.1")
    return {
        settings: { host: "127.0.0.1", port: String(listening.port) },
        meet: async () => {
            const client = await listening.accept()
            await client.send((await client.receive()) ?? "")
            const secrets = secretsOf(client, lines[0])
            await client.receive()
            await listening.close()
            return secrets
        },
    }
}

/** A client for a device that is a server. */
async function client(): Promise<Peer> {
    const port = await freePort()
    return {
        settings: { "listen-port": String(port) },
        meet: async () => {
            const lines: string[] = []
            const psk = { identity: IDENTITY, key: KEY }
            const link = await connect("127.0.0.1", port, { psk, keyLog: (line) => void lines.push(line) })
            await link.send("hello")
            await link.receive()
            const secrets = secretsOf(link, lines[0])
            await link.close()
            return secrets
        },
    }
}

const peers = { client: server, server: client }

/** Names of the secrets that are found in memory. */
function found(secrets: Record<string, Buffer>, memory: Buffer): string[] {
    return Object.keys(secrets).filter((name) => memory.includes(secrets[name]))
}

/** All memory of a program in the simulator; what natives keep is in Node's memory. */
function memoryOfSimulator(device: Device): ArrayBuffer {
    const { exports } = (device as unknown as { machine: { exports: { memory: WebAssembly.Memory } } }).machine
    return exports.memory.buffer
}

/** The writable memory of a process: heap, arena, stacks, static data. */
function memoryOf(pid: number): Buffer {
    const maps = readFileSync(`/proc/${pid}/maps`, "utf8")
    const file = openSync(`/proc/${pid}/mem`, "r")
    const parts = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)].map(([, from, to]) => {
        const part = Buffer.alloc(parseInt(to, 16) - parseInt(from, 16))
        return part.subarray(0, readSync(file, part, 0, part.length, parseInt(from, 16)))
    })
    closeSync(file)
    return Buffer.concat(parts)
}

/** The traffic secrets of both directions of a peer of DTLS 1.3 that is connected, and the keys and other secrets of theirs. */
function liveSecretsOf(peer: DtlsSocket): Record<string, Buffer> {
    const driver = peer.dtls.getAssociation()?.driver as LaterDriver
    const sides = driver.secrets as unknown as Record<"read" | "write", HashedSecret>
    const secrets: Record<string, Buffer> = {}
    for (const side of ["read", "write"] as const) {
        secrets[`${side} secret`] = sides[side].bytes
        for (const label of ["key", "sn", "iv"])
            secrets[`${label} to ${side}`] = sides[side].expandLabel(label, Buffer.alloc(0), label === "iv" ? 12 : 16)
        secrets[`next ${side} secret`] = sides[side].deriveSecret("traffic upd", Buffer.alloc(0)).bytes
    }
    return secrets
}

describe("[H26] secrets in the machine's memory", function () {
    this.timeout(120000)

    it("a program with a live association of DTLS 1.3 has none of its secrets", async () => {
        const psk = { identity: IDENTITY, key: KEY }
        const suites = [TLS_AES_128_CCM_SHA256()]
        const listening = await listen(0, { psk, suites, minVersion: "1.3" }, "127.0.0.1")
        const device = await simulatedDevice("test/device/size/psk13-cid-client.ts", {
            ...{ host: "127.0.0.1", port: String(listening.port) },
            ...{ identity: IDENTITY, key: KEY.toString("hex") },
        })
        const running = device.run()
        const client = await listening.accept()
        await client.receive()
        const secrets = liveSecretsOf(client)
        deepStrictEqual(Object.keys(secrets).length, 10)
        const memory = Buffer.from(memoryOfSimulator(device))
        deepStrictEqual(found(secrets, memory), [])
        // Shows that the search finds what is there.
        ok(memory.includes(KEY), "the pre-shared key, which is a setting, is there")
        device.stop()
        await running
        await listening.close()
    })

    for (const role of ["client", "server"] as const) {
        it(`a ${role} that has closed leaves none in the simulator's memory, and a program that has ended neither`, async () => {
            const peer = await peers[role]()
            const lines: string[] = []
            const settings = { ...peer.settings, identity: IDENTITY, key: KEY.toString("hex") }
            const device = await simulatedDevice(PROGRAM, settings, {
                print: (_level, line) => lines.push(line),
                log: (_level, line) => lines.push(line),
            })
            const running = device.run()
            if (role === "server") while (!lines.some((line) => line.startsWith("listening"))) await sleep(10)
            const secrets = await peer.meet()
            for (let i = 0; !lines.includes("closed") && i < 1000; i++) await sleep(10)
            ok(lines.includes("closed"), lines.join("\n"))
            device.measure()
            deepStrictEqual(found(secrets, Buffer.from(memoryOfSimulator(device))), [])
            device.stop()
            await running
            deepStrictEqual(found(secrets, Buffer.from(memoryOfSimulator(device))), [])
        })

        it(`a ${role} that has closed leaves none in heap, arena and stack of the Linux device`, async function () {
            if (missingFor(linuxDevice) !== undefined) this.skip()
            const peer = await peers[role]()
            const file = join(temporaryFolder("secrets"), "settings")
            const settings = { ...peer.settings, identity: IDENTITY, key: KEY.toString("hex") }
            const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
            writeFileSync(file, lines.join(""), { mode: 0o600 })
            const image = cachedDeviceImage(PROGRAM).path
            const running = new Running([buildNative(linuxDevice), "--guard", "0", "--settings", file, image])
            try {
                if (role === "server") await running.expect("listening")
                const secrets = await peer.meet()
                await running.expect("closed")
                deepStrictEqual(found(secrets, memoryOf(running.pid)), [])
            } finally {
                await running.end()
            }
        })
    }
})
