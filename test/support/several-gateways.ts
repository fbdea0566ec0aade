import { randomBytes } from "node:crypto"
import { connect } from "../../src/index.js"
import { type ConnectOptions } from "../../src/platform/node/connect/options.js"
import { freePort } from "../interop/process.js"
import { Balancer } from "./balancer.js"
import { KEY, RunningGateway, TestDevice } from "./running-gateway.js"
import { TestBroker } from "./test-broker.js"
import { TestRedis } from "./test-redis.js"

/** Two gateways behind a load balancer, which distributes new flows in turn. Readings go to one broker. */
export class SeveralGateways {
    private constructor(
        readonly redis: TestRedis,
        readonly broker: TestBroker,
        readonly gateways: RunningGateway[],
        readonly balancer: Balancer,
    ) {}

    /** @param keys of devices: lines of a key file */
    static async open(keys = `one:${KEY}\n`): Promise<SeveralGateways> {
        const redis = await TestRedis.start()
        const broker = await TestBroker.listen()
        const fleetKey = randomBytes(32).toString("hex")
        const gateways = [new RunningGateway(), new RunningGateway()]
        for (const gateway of gateways) {
            gateway.write("keys.psk", keys)
            gateway.write("fleet.key", fleetKey)
            await gateway.start({
                listen: [{ host: "127.0.0.1", port: await freePort() }],
                acknowledge: "stored",
                redis: { url: redis.url, keyFile: "fleet.key" },
                tickets: {},
                sinks: { mqtt: [{ url: `mqtt://127.0.0.1:${broker.port}`, topic: "t/{identity}" }] },
            })
        }
        return new SeveralGateways(redis, broker, gateways, await Balancer.open(gateways.map(({ port }) => port)))
    }

    /** Connects a device through the balancer. */
    async device(options: ConnectOptions): Promise<TestDevice> {
        const psk = { identity: "one", key: Buffer.from(KEY, "hex") }
        return new TestDevice(await connect("127.0.0.1", this.balancer.port, { psk, connectionId: 0, ...options }))
    }

    /** The next datagram of a session, and those after it, go to the other gateway. */
    moveOnce(): void {
        let isDone = false
        this.balancer.moving = () => {
            const moves = !isDone
            isDone = true
            return moves
        }
    }

    /** First values of the readings received, in order. */
    told(): number[] {
        return this.broker.published.map(({ payload }) => (payload["readings"] as { value: number }[])[0].value)
    }

    async close(): Promise<void> {
        await this.balancer.close()
        for (const gateway of this.gateways) await gateway.end()
        await this.broker.close()
        await this.redis.end()
    }
}
