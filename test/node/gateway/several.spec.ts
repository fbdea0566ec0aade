import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { Redis } from "ioredis"
import { connectionIdOf } from "../../../host/gateway/owned-ids.js"
import { compare, type KeptRecord, readLedger } from "../../../host/swarm/ledger.js"
import { seededRandom } from "../../../host/testing/seeded-random.js"
import { CoapCode, CoapOption, CoapType } from "../../../src/coap/code-points.js"
import { textOption, writeCoapMessage } from "../../../src/coap/message.js"
import { HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { type DtlsSocket } from "../../../src/platform/node/connect/dtls-socket.js"
import { type ConnectOptions } from "../../../src/platform/node/connect/options.js"
import { type Version } from "../../../src/platform/node/connect/versions.js"
import { mote, Running, sleep } from "../../interop/process.js"
import { type Balancer } from "../../support/balancer.js"
import { updateKeys, updatesOf } from "../../support/key-update.js"
import { missingProgram, needs } from "../../support/needs.js"
import { eventually, type RunningGateway, type TestDevice } from "../../support/running-gateway.js"
import { SeveralGateways } from "../../support/several-gateways.js"
import { type TestRedis } from "../../support/test-redis.js"

interface Done {
    handshakes: number
}

/** A reading that is neither acknowledged nor retransmitted. */
function nonConfirmable(value: number): Buffer {
    const options = [textOption(CoapOption.URI_PATH, "t")]
    const token = Buffer.alloc(0)
    const payload = Buffer.from(`${value}`)
    return writeCoapMessage({ type: CoapType.NON, code: CoapCode.POST, messageId: value, token, options, payload })
}

/** Record number of a datagram under a device's session keys; -1: it is not a record of that session. */
function numberOf(data: Buffer, { dtls }: DtlsSocket): number {
    const read = dtls.getAssociation()?.record.read
    return read === undefined ? -1 : read.protection.sequenceOf(data, 0, data.length, read.top + 1)
}

/** First bytes of the random of a HelloRetryRequest (RFC 8446 §4.1.3). */
const RETRY = "cf21ad74"

/** Whether a datagram is a HelloVerifyRequest or a HelloRetryRequest. */
const hasCookie = (data: Buffer): boolean =>
    data[13] === HandshakeType.helloVerifyRequest || data.subarray(27, 31).toString("hex") === RETRY

/** A gateway's session of its only device. */
const sessionAt = (gateway: RunningGateway): DtlsConnection => gateway.service.listeners.peers()[0].connection

for (const version of ["1.2", "1.3"] as const) describeWith(version)

function describeWith(version: Version): void {
    describe(`several gateways of mote-gateway behind a balancer, with sensors of DTLS ${version}`, function () {
        this.timeout(60000)
        let several: SeveralGateways
        let redis: TestRedis
        let balancer: Balancer
        let gateways: RunningGateway[]

        before(function () {
            needs(this, missingProgram("redis-server"))
        })

        afterEach(async () => {
            await several.close()
        })

        async function open(keys?: string): Promise<void> {
            several = await SeveralGateways.open(keys)
            ;({ redis, balancer, gateways } = several)
        }

        const device = async (more?: ConnectOptions): Promise<TestDevice> =>
            await several.device({ minVersion: version, ...more })

        it("lose no reading and notify none twice while sensors are moved at random, and no sensor needs a second handshake", async () => {
            const sensors = 12
            const keys = Array.from({ length: sensors }, (_, i) => `d${i + 1}:${randomBytes(16).toString("hex")}\n`)
            await open(keys.join(""))
            const random = seededRandom(11)
            balancer.moving = () => random() < 0.2
            const [first] = gateways
            const files = ["--psk-file", first.path("keys.psk"), "--ledger", first.path("ledger.csv"), "--json"]
            const options = [
                "--sensors",
                `${sensors}`,
                "--cid",
                "0",
                "--interval",
                "0.2",
                "--duration",
                "4",
                "--move",
                "5",
                "--min-version",
                version,
            ]
            const uri = `coaps://127.0.0.1:${balancer.port}/sensors/{identity}`
            const swarm = new Running(mote("swarm", uri, ...files, ...options))
            await swarm.ended(50000)
            strictEqual(swarm.exitCode, 0, swarm.output)
            const done = JSON.parse(swarm.output.trim().split("\n").at(-1) as string) as Done
            strictEqual(done.handshakes, sensors, swarm.output)
            ok(balancer.moves >= 8, `${balancer.moves} moves`)
            const records = several.broker.published.map(({ payload }) => payload as unknown as KeptRecord)
            const ledger = readLedger(readFileSync(first.path("ledger.csv"), "utf8"))
            const { missing, twice, acknowledged } = compare(ledger, records)
            deepStrictEqual(missing, [])
            deepStrictEqual(twice, [])
            ok(acknowledged > sensors, `${acknowledged} readings`)
        })

        it("accept nothing that another one has accepted before: every datagram of a device again, to both", async () => {
            await open()
            const sent: Buffer[] = []
            balancer.onSent = (data) => sent.push(data)
            const one = await device()
            for (const value of [1, 2, 3, 4, 5, 6]) {
                // Moves to the other gateway and back.
                if (value === 3 || value === 5) several.moveOnce()
                strictEqual((await one.post("/t", `${value}`)).slice(0, 2), "2.")
            }
            for (const gateway of [0, 1, 0])
                for (const data of sent) {
                    await balancer.repeat(data, gateway)
                    await sleep(5)
                }
            strictEqual((await one.post("/t", "7")).slice(0, 2), "2.")
            deepStrictEqual(several.told(), [1, 2, 3, 4, 5, 6, 7])
            await one.connection.close()
        })

        it("answer a retransmitted request at another gateway as the first one did", async () => {
            await open()
            const one = await device()
            await one.post("/t", "1")
            // The answer is lost, and the retransmission reaches the other gateway.
            let lost = 0
            balancer.losesReply = (gateway) => gateway === 0 && lost++ === 0
            const posting = one.post("/t", "2")
            await eventually("the reading", () => (several.told().length === 2 ? true : undefined))
            several.moveOnce()
            strictEqual(await posting, "2.04")
            strictEqual(lost > 0, true)
            deepStrictEqual(several.told(), [1, 2])
            await one.connection.close()
        })

        it("use no number twice and accept no record twice when two of them claim one device", async () => {
            await open()
            const numbers: number[][] = [[], []]
            const one = await device()
            balancer.onReply = (data, gateway) => void numbers[gateway].push(numberOf(data, one.connection))
            strictEqual((await one.post("/t", "1")).slice(0, 2), "2.")
            const client = new Redis(redis.url)
            for (let value = 2; value <= 40; value++) {
                if (value >= 4) {
                    // Both gateways seem to have failed, although they are alive: neither asks the other one, and both
                    // receive from the device.
                    const leases = await client.keys("mote:gateway:*")
                    if (leases.length > 0) await client.del(...leases)
                    balancer.sendsToAll = true
                }
                await one.connection.send(nonConfirmable(value))
                await sleep(10)
            }
            await Promise.any(gateways.map((gateway) => gateway.expectLogged("another gateway goes on with it")))
            await sleep(100)
            // Each gateway has lost the session to the other one meanwhile, and with it a few of the device's records.
            ok(several.told().length > 6, `${several.told().length} readings`)
            // Readings that are not retransmitted do not appear twice, although both gateways had the session.
            strictEqual(new Set(several.told()).size, several.told().length)
            const [byFirst, bySecond] = numbers.map((list) => list.filter((number) => number >= 0))
            ok(byFirst.length > 0 && bySecond.length > 0, `${byFirst.length} and ${bySecond.length} numbers`)
            deepStrictEqual(
                byFirst.filter((number) => bySecond.includes(number)),
                [],
            )
            strictEqual(new Set([...byFirst, ...bySecond]).size, byFirst.length + bySecond.length)
            client.disconnect()
            await one.connection.close()
        })

        it("restore no old copy, as redis may have read from its disk", async () => {
            await open()
            const one = await device()
            for (const value of [1, 2, 3, 4]) await one.post("/t", `${value}`)
            const client = new Redis(redis.url)
            await client.save()
            client.disconnect()
            for (const value of [5, 6, 7, 8]) await one.post("/t", `${value}`)
            await redis.kill()
            await redis.run()
            const replies: string[] = []
            balancer.onReply = (data, gateway) => void (gateway === 1 && replies.push(data.toString("hex")))
            several.moveOnce()
            const posting = one.post("/t", "9").catch(() => undefined)
            await gateways[1].expectLogged("of another run of redis is not taken")
            deepStrictEqual(replies, [])
            // The former owner does not answer either, because it cannot know which other gateway has had the session.
            balancer.sendsToAll = true
            for (let i = 0; i < 8; i++) await one.connection.send("no CoAP")
            await gateways[0].expectLogged("redis has forgotten it")
            deepStrictEqual(several.told(), [1, 2, 3, 4, 5, 6, 7, 8])
            await one.connection.close()
            await posting
        })

        it("keep their sessions over a restart, and accept each other's cookies", async () => {
            await open()
            const one = await device()
            await one.post("/t", "1")
            await gateways[0].restart()
            strictEqual((await one.post("/t", "2")).slice(0, 2), "2.")
            const connected = gateways.flatMap(({ logged }) => logged.filter(({ msg }) => msg === "connected"))
            strictEqual(connected.length, 1)
            // A cookie from one gateway, presented to the other.
            let hellos = 0
            balancer.movesHello = () => ++hellos === 2
            const cookies: number[] = []
            balancer.onReply = (data, gateway) => void (hasCookie(data) && cookies.push(gateway))
            const two = await device()
            strictEqual((await two.post("/t", "3")).slice(0, 2), "2.")
            strictEqual(cookies.length, 1)
            await one.connection.close()
            await two.connection.close()
        })

        it("accept each other's tickets, whose keys are in redis, sealed", async () => {
            await open()
            const one = await device({ session: true })
            await one.post("/t", "1")
            const session = await eventually("a ticket", () => one.connection.getSession())
            await one.connection.close()
            // A new flow goes to the other gateway.
            const two = await device({ session })
            strictEqual(two.connection.isSessionReused(), true)
            strictEqual((await two.post("/t", "2")).slice(0, 2), "2.")
            const connected = gateways.map(({ logged }) => logged.filter(({ msg }) => msg === "connected").length)
            deepStrictEqual(connected, [1, 1])
            await two.connection.close()
        })

        if (version === "1.3")
            it("follow the new keys of either side, wherever their messages and acknowledgements arrive", async () => {
                await open()
                const one = await device()
                const random = seededRandom(5)
                balancer.moving = () => random() < 0.4
                let asked = 0
                for (let value = 1; value <= 24; value++) {
                    if (value % 3 === 0) updateKeys(one.connection.dtls)
                    const owner = gateways.find(({ service }) => service.listeners.peers().length === 1)
                    if (value % 4 === 0 && owner !== undefined) {
                        updateKeys(sessionAt(owner))
                        asked++
                    }
                    strictEqual((await one.post("/t", `${value}`)).slice(0, 2), "2.")
                }
                deepStrictEqual(
                    several.told(),
                    Array.from({ length: 24 }, (_, i) => i + 1),
                )
                const updates = updatesOf(one.connection.dtls)
                ok(updates >= 4 && asked >= 3 && balancer.moves >= 8, `${updates}, ${asked}, ${balancer.moves}`)
                const connected = gateways.flatMap(({ logged }) => logged.filter(({ msg }) => msg === "connected"))
                strictEqual(connected.length, 1)
                const client = new Redis(redis.url)
                const saves = async (): Promise<unknown> =>
                    await client.hget((await client.keys("mote:association:*"))[0], "generation")
                await eventually("rest: what has not changed is not saved again", async () => {
                    const before = await saves()
                    await sleep(200)
                    return (await saves()) === before ? true : undefined
                })
                client.disconnect()
                await one.connection.close()
            })

        if (version === "1.3")
            it("find a device by each id that one of them has issued, and by no retired one", async () => {
                await open()
                const one = await device({ spareConnectionIds: 3 })
                const random = seededRandom(9)
                balancer.moving = () => random() < 0.3
                const ids = new Set<string>()
                balancer.onSent = (data) => ids.add(connectionIdOf(data, 8)?.toString("hex") ?? "")
                const client = new Redis(redis.url)
                for (let value = 1; value <= 24; value++) {
                    const moves = value % 3 === 0
                    if (moves) await eventually("another id", () => one.connection.useNewPath() || undefined)
                    strictEqual((await one.post("/t", `${value}`)).slice(0, 2), "2.")
                }
                deepStrictEqual(
                    several.told(),
                    Array.from({ length: 24 }, (_, i) => i + 1),
                )
                ids.delete("")
                ok(ids.size >= 9 && balancer.moves >= 6, `${ids.size} ids, ${balancer.moves} moves`)
                const connected = gateways.flatMap(({ logged }) => logged.filter(({ msg }) => msg === "connected"))
                strictEqual(connected.length, 1)
                const inRedis = async (): Promise<number> => (await client.keys("mote:id:*")).length
                // The id in use, the previous one, and at most four spare ones.
                ok((await inRedis()) <= 6, `${await inRedis()} ids in redis`)
                balancer.moving = () => false
                await one.connection.close()
                await eventually("their end", async () => ((await inRedis()) === 0 ? true : undefined))
                client.disconnect()
            })
    })
}
