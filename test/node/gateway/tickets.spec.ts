import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { Redis } from "ioredis"
import { DtlsError } from "../../../src/index.js"
import { missingProgram, needs } from "../../support/needs.js"
import { eventually, KEY, RunningGateway, type TestDevice, withGateway } from "../../support/running-gateway.js"
import { TestRedis } from "../../support/test-redis.js"

const OTHER_KEY = KEY.replace("00", "77")

const newKey = (): string => `${randomBytes(32).toString("hex")}\n`

describe("tickets of mote-gateway", function () {
    this.timeout(30000)
    let gateway: RunningGateway

    withGateway((fresh) => {
        gateway = fresh
        gateway.write("tickets.key", newKey())
    })

    for (const version of ["1.2", "1.3"] as const) {
        /** Connects device "one", which resumes an earlier session if there is one. */
        async function device(session: Buffer | true = true, key = KEY, timeout = 10000): Promise<TestDevice> {
            const psk = { identity: "one", key: Buffer.from(key, "hex") }
            return await gateway.connect({ psk, minVersion: version, session, timeout })
        }

        /** Checks that a device with this session and key is refused. */
        async function refused(session: Buffer, key: string, why: string): Promise<void> {
            await rejects(device(session, key, 600), DtlsError)
            await gateway.expectLogged(why)
        }

        /** The session of a device that has received from the gateway. */
        async function sessionOf(one: TestDevice): Promise<Buffer> {
            strictEqual((await one.post("/t", "1")).slice(0, 2), "2.")
            const session = one.connection.getSession()
            ok(session !== undefined)
            return session
        }

        it(`DTLS ${version}: are not issued unless that is configured`, async () => {
            await gateway.start({})
            const one = await device()
            await one.post("/t", "1")
            strictEqual(one.connection.getSession(), undefined)
        })

        it(`DTLS ${version}: resume sessions with the device's identity and rights, also after a restart with the same key file`, async () => {
            await gateway.start({ tickets: { keyFile: "tickets.key" }, rights: { write: ["/t", "/of/{identity}"] } })
            const session = await sessionOf(await device())
            const again = await device(session)
            strictEqual(again.connection.isSessionReused(), true)
            deepStrictEqual([await again.post("/of/one", "1"), await again.post("/of/two", "1")], ["2.01", "4.03"])
            await gateway.restart()
            const third = await device(session)
            strictEqual(third.connection.isSessionReused(), true)
            gateway.write("tickets.key", newKey())
            strictEqual(await gateway.service.reload(), true)
            strictEqual((await device(session)).connection.isSessionReused(), false)
        })

        it(`DTLS ${version}: admit no device whose key was removed or changed`, async () => {
            await gateway.start({ tickets: {} })
            const session = await sessionOf(await device())
            gateway.write("keys.psk", `one:${OTHER_KEY}\n`)
            await gateway.service.reload()
            await refused(session, KEY, "different keys?")
            strictEqual((await device(session, OTHER_KEY)).connection.isSessionReused(), false)
            const next = await sessionOf(await device(true, OTHER_KEY))
            strictEqual((await device(next, OTHER_KEY)).connection.isSessionReused(), true)
            gateway.write("keys.psk", `two:${KEY}\n`)
            await gateway.service.reload()
            await refused(next, OTHER_KEY, "there is no key for this identity")
            gateway.write("keys.psk", `one:${OTHER_KEY}\n`)
            await gateway.service.reload()
            strictEqual((await device(next, OTHER_KEY)).connection.isSessionReused(), true, "the key is there again")
        })
    }

    it("have keys in redis that rotate with each lifetime and are forgotten after another one; another keyFile does not open them", async function () {
        needs(this, missingProgram("redis-server"))
        const redis = await TestRedis.start()
        const config = { tickets: { lifetime: 1 }, redis: { url: redis.url, keyFile: "fleet.key" } }
        gateway.write("fleet.key", newKey())
        await gateway.start(config)
        const client = new Redis(redis.url)
        const periods = async (): Promise<number[]> =>
            (await client.keys("mote:common:tickets:1000:*")).map((name) => Number(name.split(":").at(-1))).sort()
        const first = await periods()
        ok(first.length === 2 || first.length === 3, first.join())
        const last = first[first.length - 1]
        await eventually("other keys", async () =>
            (await periods()).every((number) => number > last) ? true : undefined,
        )
        const other = new RunningGateway()
        other.writeKeys()
        other.write("fleet.key", newKey())
        await other.start(config)
        await other.expectLogged("tickets: their keys cannot be shared: another keyFile")
        await other.end()
        await gateway.close()
        client.disconnect()
        await redis.end()
    })

    it("are refused with a key file without keys, and with workers that have no keys in common", async () => {
        gateway.write("tickets.key", "0011\n")
        const refused = async (config: object, part: string): Promise<void> => {
            gateway.configure(config)
            await rejects(gateway.start(), ({ message }: Error) => message.includes(part))
        }
        await refused({ tickets: { keyFile: "tickets.key" } }, "1 to 4 lines of 64 hexadecimal digits")
        await refused({ tickets: { keyFile: "none.key" } }, "tickets.keyFile: cannot read")
        await refused({ tickets: {}, workers: 2 }, "keyFile or redis with workers")
    })
})
