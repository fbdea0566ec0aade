import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { Redis } from "ioredis"
import { newLog } from "../../../host/mote-gateway/log.js"
import { RedisStore } from "../../../host/mote-gateway/redis-store.js"
import { missingProgram, needs } from "../../support/needs.js"
import { TestRedis } from "../../support/test-redis.js"

const ID = "0011223344556677"
const saved = { state: Buffer.from("state"), coap: "", furtherIds: [] }

/** Number of scripts that have run. */
async function lookUps(redis: TestRedis): Promise<number> {
    const connection = new Redis(redis.url)
    const text = await connection.info("commandstats")
    connection.disconnect()
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(text)?.[1])
}

describe("the state that gateways share in redis", function () {
    this.timeout(30000)
    let redis: TestRedis
    let one: RedisStore
    let other: RedisStore

    const open = (): Promise<RedisStore> =>
        RedisStore.open(
            { url: redis.url, keyFile: "", prefix: "mote:" },
            60000,
            newLog(() => undefined),
            () => undefined,
        )

    /** Waits until Redis has answered all earlier requests of this store. */
    const answered = (store: RedisStore): Promise<unknown> => store.common("nothing", 1)

    before(function () {
        needs(this, missingProgram("redis-server"))
    })

    beforeEach(async () => {
        redis = await TestRedis.start()
        one = await open()
        other = await open()
        // From now on Redis knows the scripts, and answers in the order of requests.
        await other.take("00")
    })

    afterEach(async () => {
        for (const store of [one, other]) await store.close(Promise.resolve())
        await redis.end()
    })

    it("is found by a datagram that arrived before the session was saved at the end of its handshake", async () => {
        const taken = other.take(ID)
        await answered(other)
        await one.free(ID, 0, saved, undefined)
        strictEqual((await taken)?.state.toString(), "state")
    })

    it("is looked up again for a few ids only, when somebody makes up thousands", async () => {
        const before = await lookUps(redis)
        const strangers = Array.from({ length: 1000 }, (_, i) => other.take(`${i}`.padStart(16, "0")))
        deepStrictEqual(new Set(await Promise.all(strangers)), new Set([undefined]))
        const count = (await lookUps(redis)) - before
        ok(count > 1000 && count < 2000, `${count} look-ups`)
    })
})
