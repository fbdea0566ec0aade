import { ok, strictEqual } from "node:assert"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { SIZE_PROFILES } from "../../../host/build/size-profiles.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { listen } from "../../../src/index.js"
import { eventually } from "../../support/running-gateway.js"
import { SLEEPER_KEY, SleeperGateway } from "../../support/sleeper-gateway.js"
import { WatchedClock } from "../../support/watched-clock.js"

type Version = "1.2" | "1.3"

function image(version: Version): Uint8Array {
    const { program, configured } = SIZE_PROFILES[version === "1.2" ? "psk-cid-export" : "psk13-cid-export"]
    return readFileSync(cachedDeviceImage(program, configured).path)
}

/** A device whose power may be lost; its storage stays. */
class Sleeper {
    /** numbers of the readings that the program believes it has posted */
    posted: number[] = []
    log: string[] = []
    /** record numbers of protected records, in the order they were sent; those of DTLS 1.3 are encrypted */
    numbers: string[] = []
    powerLosses = 0
    readonly storageFolder = join(temporaryFolder("sleeper"), Math.random().toString(36).slice(2))
    private seed = 12345
    private isOver = false

    constructor(
        private port: number,
        private settings: Record<string, string> = {},
        private version: Version = "1.2",
    ) {}

    /** A random number in [0, 1), the same in each run. */
    private random(): number {
        this.seed = (Math.imul(this.seed, 1103515245) + 12345) & 0x7fffffff
        return this.seed / 0x80000000
    }

    /** Ends `wake`, whatever the program has posted: in virtual time it would never come to rest. */
    stop(): void {
        this.isOver = true
    }

    private hasDone(count: number): boolean {
        return this.isOver || this.posted.length >= count
    }

    /** @param losing chance of losing power at each moment at which the program waits */
    async wake(count: number, losing: number): Promise<void> {
        const module = await machineModule()
        const program = image(this.version)
        while (!this.hasDone(count)) {
            let stopped = false
            // Power is lost only while the program waits.
            const clock = new WatchedClock(() => {
                if (stopped || (this.random() >= losing && !this.hasDone(count))) return
                stopped = true
                if (!this.hasDone(count)) this.powerLosses++
                device.stop()
            })
            const device: Device = new Device(module, program, {
                heapBytes: 64 * 1024,
                maxDepth: 100,
                guard: 0,
                gcStress: false,
                virtualTime: true,
                deviceId: "1",
                settings: {
                    ...{
                        host: "127.0.0.1",
                        port: `${this.port}`,
                        identity: "sensor1",
                        key: SLEEPER_KEY,
                        interval: "1000",
                    },
                    ...this.settings,
                },
                storageFolder: this.storageFolder,
                clock,
                print: () => undefined,
                log: (_level, line) => this.hear(line),
                observe: (direction, _peer, data) => this.see(direction === "sent", data),
            })
            await device.run()
        }
    }

    private hear(line: string): void {
        this.log.push(line)
        const [, number] = /^posted reading (\d+)/.exec(line) ?? []
        if (number !== undefined) this.posted.push(Number(number))
    }

    private see(sent: boolean, data: Uint8Array): void {
        // tls12_cid, or a unified header with an id (RFC 9147 §4).
        const isProtected = data[0] === 25 || (data[0] & 0xf0) === 0x30
        if (sent && isProtected) this.numbers.push(Buffer.from(data.subarray(3, 11)).toString("hex"))
    }
}

/** Waits until the gateway has heard what was posted without an answer. */
async function hearsAll(gateway: SleeperGateway, sleeper: Sleeper): Promise<void> {
    const unanswered = sleeper.posted.filter((number) => number % 16 !== 0 && number > 0)
    const isHeard = (number: number): boolean => gateway.told.has(number)
    await eventually("what was posted without an answer", () => (unanswered.every(isHeard) ? true : undefined))
}

describe("a sleeping sensor in the simulator", function () {
    this.timeout(300000)

    it("wakes 1,000 times with a new address each time, loses power at random, and shakes hands once", async () => {
        const gateway = await SleeperGateway.open()
        const sleeper = new Sleeper(gateway.port)
        await sleeper.wake(1000, 0.01)
        ok(sleeper.powerLosses > 10, `${sleeper.powerLosses}`)
        strictEqual(gateway.handshakes, 1)
        strictEqual(new Set(sleeper.numbers).size, sleeper.numbers.length)
        await hearsAll(gateway, sleeper)
        ok(gateway.confirmed >= 1000 / 16)
        await gateway.close()
        rmSync(sleeper.storageFolder, { recursive: true })
    })

    it("sends one datagram per wake", async () => {
        const gateway = await SleeperGateway.open()
        const sleeper = new Sleeper(gateway.port, { confirmEvery: "1000" })
        await sleeper.wake(1, 0)
        const before = sleeper.numbers.length
        await sleeper.wake(11, 0)
        strictEqual(sleeper.numbers.length - before, 10)
        await gateway.close()
        rmSync(sleeper.storageFolder, { recursive: true })
    })

    it("in DTLS 1.3 wakes 300 times with a new address each time, loses power at random, and shakes hands once", async () => {
        const gateway = await SleeperGateway.open("127.0.0.1", "1.3")
        const sleeper = new Sleeper(gateway.port, {}, "1.3")
        await sleeper.wake(300, 0.01)
        ok(sleeper.powerLosses > 3, `${sleeper.powerLosses}`)
        strictEqual(gateway.handshakes, 1)
        // A record with a number that was used would be dropped as a replay.
        await hearsAll(gateway, sleeper)
        ok(gateway.confirmed >= 300 / 16)
        await gateway.close()
        rmSync(sleeper.storageFolder, { recursive: true })
    })

    it("in DTLS 1.3 sends one datagram per wake", async () => {
        const gateway = await SleeperGateway.open("127.0.0.1", "1.3")
        const sleeper = new Sleeper(gateway.port, { confirmEvery: "1000" }, "1.3")
        await sleeper.wake(1, 0)
        const before = sleeper.numbers.length
        await sleeper.wake(11, 0)
        strictEqual(sleeper.numbers.length - before, 10)
        strictEqual(gateway.handshakes, 1)
        await gateway.close()
        rmSync(sleeper.storageFolder, { recursive: true })
    })

    it("starts over with a gateway that has forgotten it, after three unanswered requests", async () => {
        const first = await SleeperGateway.open()
        const { port } = first
        const sleeper = new Sleeper(port, { confirmEvery: "1" })
        await sleeper.wake(2, 0)
        await first.close()
        const psk = { identity: "sensor1", key: Buffer.from(SLEEPER_KEY, "hex") }
        const second = await listen(port, { psk, connectionId: 8 }, "127.0.0.1")
        const accepted = second.accept()
        const waking = sleeper.wake(3, 0)
        strictEqual((await accepted).peerIdentity?.toString(), "sensor1")
        ok(sleeper.log.filter((line) => line.startsWith("No answer came")).length >= 3, sleeper.log.join("\n"))
        sleeper.stop()
        await waking
        await second.close()
        rmSync(sleeper.storageFolder, { recursive: true })
    })
})
