import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { seededRandom } from "../../../host/testing/seeded-random.js"
import { connect } from "../../../src/index.js"
import { Balancer } from "../../support/balancer.js"
import { missingProgram, needs } from "../../support/needs.js"
import { RunningGateway, TestDevice } from "../../support/running-gateway.js"
import { TestBroker } from "../../support/test-broker.js"
import { TestRedis } from "../../support/test-redis.js"
import { WorkersHere } from "../../support/workers-here.js"

const SENSORS = 8
const READINGS = 12

const IDENTITIES = Array.from({ length: SENSORS }, (_, i) => `d${i + 1}`)
const KEYS = IDENTITIES.map(() => randomBytes(16))

describe("two gateways of two workers each behind a balancer", function () {
    this.timeout(60000)
    let redis: TestRedis
    let broker: TestBroker
    let balancer: Balancer
    const folders: RunningGateway[] = []
    const gateways: WorkersHere[] = []

    before(function () {
        needs(this, missingProgram("redis-server"))
    })

    beforeEach(async () => {
        redis = await TestRedis.start()
        broker = await TestBroker.listen()
        const fleetKey = randomBytes(32).toString("hex")
        for (let i = 0; i < 2; i++) {
            const gateway = new RunningGateway()
            folders.push(gateway)
            gateway.write("keys.psk", IDENTITIES.map((name, i) => `${name}:${KEYS[i].toString("hex")}\n`).join(""))
            gateway.write("fleet.key", fleetKey)
            gateway.configure({
                workers: 2,
                acknowledge: "stored",
                redis: { url: redis.url, keyFile: "fleet.key" },
                sinks: { mqtt: [{ url: `mqtt://127.0.0.1:${broker.port}`, topic: "t/{identity}" }] },
            })
            gateways.push(await WorkersHere.start(gateway, 2))
        }
        balancer = await Balancer.open(gateways.map(({ port }) => port))
    })

    afterEach(async () => {
        await balancer.close()
        for (const gateway of gateways.splice(0)) await gateway.stop()
        for (const folder of folders.splice(0)) await folder.end()
        await broker.close()
        await redis.end()
    })

    /** A sensor that has posted its first reading. */
    async function begun(name: string, key: Buffer): Promise<TestDevice> {
        const options = { psk: { identity: name, key }, connectionId: 0, spareConnectionIds: 2 }
        const device = new TestDevice(await connect("127.0.0.1", balancer.port, { ...options, minVersion: "1.3" }))
        await post(device, name, 1)
        return device
    }

    async function post(device: TestDevice, name: string, value: number): Promise<void> {
        strictEqual((await device.post(`/${name}`, `${value}`)).slice(0, 2), "2.")
    }

    /** Posts a sensor's other readings, with frequent switches to another of its ids. */
    async function goOn(device: TestDevice, name: string): Promise<void> {
        for (let value = 2; value <= READINGS; value++) {
            if (value % 4 === 0) device.connection.useNewPath()
            await post(device, name, value)
        }
        await device.connection.close()
    }

    it("lose no reading of DTLS 1.3 sensors that are moved at random, and no sensor needs a second handshake", async () => {
        const devices = await Promise.all(IDENTITIES.map((name, i) => begun(name, KEYS[i])))
        const random = seededRandom(3)
        balancer.moving = () => random() < 0.2
        await Promise.all(IDENTITIES.map((name, i) => goOn(devices[i], name)))
        ok(balancer.moves >= SENSORS, `${balancer.moves} moves`)
        for (const name of IDENTITIES) {
            const told = broker.published.filter(({ topic }) => topic === `t/${name}`)
            deepStrictEqual(
                told.map(({ payload }) => (payload["readings"] as { value: number }[])[0].value),
                Array.from({ length: READINGS }, (_, i) => i + 1),
            )
        }
        const lines = folders.flatMap(({ logged }, gateway) => logged.map((line) => ({ line, gateway })))
        strictEqual(lines.filter(({ line }) => line["msg"] === "connected").length, SENSORS)
        deepStrictEqual(
            lines.filter(({ line }) => line["level"] === "error"),
            [],
        )
        const served = lines.filter(({ line }) => line["msg"] === "connected" || line["msg"] === "goes on")
        for (const name of IDENTITIES) {
            const ofSensor = served.filter(({ line }) => line["identity"] === name)
            strictEqual(
                new Set(ofSensor.map(({ line }) => line["worker"])).size,
                1,
                "it changes its gateway, not its worker",
            )
        }
        strictEqual(new Set(served.map(({ gateway }) => gateway)).size, 2)
    })
})
