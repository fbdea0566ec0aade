import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { BlockTransfer } from "../../../src/coap/block-transfer.js"
import { CoapClient, newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption } from "../../../src/coap/code-points.js"
import { textOption } from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { parseCoapsUri } from "../../../src/coap/uri.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { GError, invalidArgument } from "../../../src/gio/errors.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { configuredConnection } from "../../../src/sensor/configured.js"
import { jsonFormat, type PayloadFormat, senmlFormat, textFormat } from "../../../src/sensor/payload.js"
import { type Reading, type ReadingSource, type Sample, SimulatedSource } from "../../../src/sensor/reading.js"
import { Sensor, type SensorConfig, type SensorObserver } from "../../../src/sensor/sensor.js"
import { PskStore } from "../../../host/credentials.js"
import { Gateway, type GatewayEvents, type GatewayPeer } from "../../../host/gateway/gateway.js"
import { type ArrivedReading } from "../../../host/gateway/resources.js"
import { requestFor } from "../../support/coap-pair.js"
import { eventually } from "../../support/running-gateway.js"
import { VirtualTime } from "../../support/virtual-time.js"
import { freePort, sleep } from "../../interop/process.js"

const psk = { identity: Buffer.from("sensor"), key: Buffer.alloc(16, 5) }

/** Short times, because these tests are about results and not about durations. */
function fastSettings(source: PskStore | SinglePsk): DtlsSettings {
    const retransmission = { ...wifi(), initial: 150, deadline: 1500 }
    return newSettings(allSuites(), source, retransmission, gatewayLimits())
}

class Events implements GatewayEvents, SensorObserver {
    arrived: number[] = []
    posted_: number[] = []
    dropped_: number[] = []
    rejected_: string[] = []
    sessions = 0
    troubles: string[] = []

    readings(_peer: GatewayPeer, _path: string, readings: ArrivedReading[]): void {
        this.arrived.push(readings[0]?.value ?? NaN)
    }

    connected(): void {
        this.sessions++
    }

    ended(): void {
        // Sessions come and go in these tests.
    }

    posted(sample: Sample): void {
        this.posted_.push(sample.number)
    }

    rejected(_sample: Sample, why: string): void {
        this.rejected_.push(why)
    }

    dropped(sample: Sample): void {
        this.dropped_.push(sample.number)
    }

    trouble(error: Error): void {
        this.troubles.push(error.message)
    }
}

/** Waits until that many readings are acknowledged. */
async function posted(events: Events, count: number): Promise<void> {
    await eventually(`reading ${count}`, () => (events.posted_.length >= count ? true : undefined))
}

async function startGateway(port: number, events: Events, services = new NodeServices()): Promise<Gateway> {
    const settings = fastSettings(new PskStore([psk]))
    return await Gateway.start(services, settings, { host: "127.0.0.1", port }, events, (error) => {
        throw error
    })
}

function sensorOn(
    port: number,
    events: Events,
    change: Partial<SensorConfig> = {},
    services = new NodeServices(),
    source: ReadingSource = counting(),
): Sensor {
    const config: SensorConfig = {
        target: parseCoapsUri(`coaps://127.0.0.1:${port}/readings`),
        format: senmlFormat("urn:test:"),
        interval: 30,
        count: 20,
        queueLimit: 1000,
        localPort: 0,
        retryInitial: 50,
        retryMaximum: 200,
        newConnection: configuredConnection,
        dtls: fastSettings(new SinglePsk(psk.identity, psk.key)),
        coap: { ...defaultCoapParameters(), ackTimeout: 100, maxRetransmit: 2, responseTimeout: 1000 },
        ...change,
    }
    return new Sensor(services, config, source, events)
}

/** A source that counts from 1; `change` modifies the values. */
function counting(change: (value: number) => number = (value) => value): ReadingSource {
    let count = 0
    return {
        read(): Promise<Reading[]> {
            return Promise.resolve([{ name: "count", unit: "1", value: change(++count) }])
        },
    }
}

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe("a sensor and its gateway", () => {
    it("posts every sample, in order", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        await sensorOn(port, events, { count: 10, interval: 5 }).run()
        deepStrictEqual(at.arrived, all(10))
        deepStrictEqual(events.posted_, all(10))
        await gateway.close()
    })

    it("loses no queued reading when the gateway is killed and restarted in the middle", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const first = await startGateway(port, at)
        const running = sensorOn(port, events).run()
        await posted(events, 3)
        first.kill()
        await sleep(500)
        const second = await startGateway(port, at)
        await running
        deepStrictEqual(events.posted_, all(20))
        // A sample is sent again if the answer was lost: each arrives at least once, none is missing.
        deepStrictEqual(
            [...new Set(at.arrived)].sort((a, b) => a - b),
            all(20),
        )
        ok(events.sessions >= 2)
        strictEqual(events.dropped_.length, 0)
        await second.close()
    })

    it("a gateway that restarts unnoticed, without an ICMP error, is detected by unanswered requests", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        const running = sensorOn(port, events, { count: 10 }).run()
        await posted(events, 2)
        // The gateway forgets its peers but keeps its port, so nothing answers what arrives now.
        const { endpoint } = gateway.getListener() as unknown as {
            endpoint: { addresses: { byAddress: { map: Map<string, unknown> } } }
        }
        endpoint.addresses.byAddress.map.clear()
        await running
        deepStrictEqual(events.posted_, all(10))
        ok(events.sessions >= 2)
        await gateway.close()
    })

    it("reports the readings it drops beyond the queue's limit: the oldest, never the one in flight", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const running = sensorOn(port, events, { count: 30, queueLimit: 5, interval: 10 }).run()
        await eventually("the last measurement", () => (events.dropped_.length === 25 ? true : undefined))
        const gateway = await startGateway(port, at)
        await running
        strictEqual(events.dropped_.length, 25)
        strictEqual(events.posted_.length, 5)
        deepStrictEqual(
            [...events.dropped_, ...events.posted_].sort((a, b) => a - b),
            all(30),
        )
        await gateway.close()
    })

    it("a sensor restarted on the same port reconnects, and the gateway keeps one session for it", async () => {
        const [at, port, localPort] = [new Events(), await freePort(), await freePort()]
        const gateway = await startGateway(port, at)
        for (let run = 0; run < 2; run++) {
            const events = new Events()
            const sensor = sensorOn(port, events, { count: 1000, localPort })
            const running = sensor.run()
            await posted(events, 1)
            // A power cut: the socket sends no close_notify.
            const { session } = sensor as unknown as {
                session: { connection: DtlsClientConnection; socket: { close(): void } }
            }
            session.socket.close()
            sensor.stop()
            await running
        }
        const last = new Events()
        await sensorOn(port, last, { count: 3, localPort }).run()
        deepStrictEqual(last.posted_, all(3))
        ok(gateway.getListener().getEndpoint().peerCount() <= 1)
        await gateway.close()
    })

    it("continues when the name does not resolve at first", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        const services = new NodeServices()
        const { resolve } = services
        let failures = 3
        services.resolve = async (host) => {
            if (failures-- > 0) return await resolve.call(services, "gateway.invalid")
            return await resolve.call(services, host)
        }
        await sensorOn(port, events, { count: 5 }, services).run()
        deepStrictEqual(events.posted_, all(5))
        strictEqual(events.troubles.filter((text) => text.includes("no such host")).length, 3)
        await gateway.close()
    })

    it("distinguishes a wrong key from packet loss, and keeps trying", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        const dtls = fastSettings(new SinglePsk(psk.identity, Buffer.alloc(16, 6)))
        const sensor = sensorOn(port, events, { dtls, count: 1 })
        const running = sensor.run()
        await eventually("the word of the wrong key", () => events.troubles.find((text) => /Different keys/.test(text)))
        sensor.stop()
        await running
        strictEqual(at.arrived.length, 0)
        await gateway.close()
    })

    it("stops at once when asked to, even in an unanswered handshake", async () => {
        const events = new Events()
        const silent = await new NodeServices().openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const sensor = sensorOn(silent.localAddress().port, events, {
            dtls: newSettings(allSuites(), new SinglePsk(psk.identity, psk.key), wifi(), gatewayLimits()),
        })
        const running = sensor.run()
        await sleep(100)
        const begun = performance.now()
        sensor.stop()
        await running
        ok(performance.now() - begun < 5000)
        silent.close()
    })

    it("sleeps hundreds of short sleeps without drifting from its schedule", async () => {
        const [at, events, time] = [new Events(), new Events(), new VirtualTime()]
        time.link.delay = 0.1
        // As on a real computer: timers are slightly early, and time passes between two readings of the clock.
        let looks = 0
        time.services.now = () => 0.9 * time.clock.now() + 0.003 * ++looks
        const gateway = await startGateway(5684, at, time.services)
        const target = parseCoapsUri("coaps://gateway/readings")
        await time.settled(sensorOn(5684, events, { target, count: 500, interval: 1.001 }, time.services).run())
        deepStrictEqual(events.posted_, all(500))
        await time.settled(gateway.close())
    })

    it("gives up a sample that no datagram can carry, and continues with the next", async () => {
        const [at, events, port] = [new Events(), new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        await sensorOn(port, events, { count: 2, format: senmlFormat("x".repeat(2000)) }).run()
        strictEqual(events.rejected_.length, 2)
        await gateway.close()
    })

    const formats: [string, PayloadFormat, string][] = [
        ["SenML", senmlFormat("urn:test:"), "value: must be finite"],
        ["JSON", jsonFormat(), "value: must be a number between -10^13 and 10^13"],
        ["text", textFormat(), "value: must be a number between -10^13 and 10^13"],
    ]
    for (const [name, format, reason] of formats)
        it(`gives up a reading that is not a number and nothing else, and says why: ${name}`, async () => {
            const [at, events, port] = [new Events(), new Events(), await freePort()]
            const gateway = await startGateway(port, at)
            const wrong = new Map([
                [2, NaN],
                [4, Infinity],
                [5, -Infinity],
            ])
            const source = counting((value) => wrong.get(value) ?? value)
            await sensorOn(port, events, { count: 6, interval: 5, format }, new NodeServices(), source).run()
            deepStrictEqual(events.posted_, [1, 3, 6])
            deepStrictEqual(at.arrived, [1, 3, 6])
            deepStrictEqual(events.rejected_, [reason, reason, reason])
            strictEqual(events.sessions, 1)
            deepStrictEqual(events.troubles, [])
            await gateway.close()
        })

    it("survives a source, a format and an observer that throw anything, in one session", async () => {
        const [at, port] = [new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        const logged: string[] = []
        const services = new NodeServices({ log: (_level, message) => void logged.push(message) })
        class Failing extends Events {
            override connected(): void {
                super.connected()
                throw new Error("connected fails")
            }
            override posted(sample: Sample): void {
                super.posted(sample)
                throw new Error("posted fails")
            }
            override rejected(sample: Sample, why: string): void {
                super.rejected(sample, why)
                throw new Error("rejected fails")
            }
            override trouble(error: Error): void {
                super.trouble(error)
                throw new Error("trouble fails")
            }
        }
        const events = new Failing()
        const source = counting((value) => {
            if (value === 2) throw new Error("no answer on I2C")
            return value
        })
        const senml = senmlFormat("urn:test:")
        const format: PayloadFormat = {
            contentFormat: senml.contentFormat,
            write: (sample) => {
                if (sample.number === 2) throw new RangeError("no room")
                if (sample.number === 3) throw invalidArgument("unit", "is not known")
                return sample.number === 4 ? (undefined as unknown as Buffer) : senml.write(sample)
            },
        }
        await sensorOn(port, events, { count: 5, interval: 20, format }, services, source).run()
        deepStrictEqual(events.posted_, [1, 5])
        deepStrictEqual(at.arrived, [1, 6])
        deepStrictEqual(events.troubles, ["no answer on I2C"])
        deepStrictEqual(events.rejected_, ["no room", "unit: is not known", "request: newRequest() makes one"])
        strictEqual(events.sessions, 1)
        for (const name of ["connected", "posted", "rejected", "trouble"])
            ok(logged.includes(`The observer failed: ${name} fails`), logged.join())
        await gateway.close()
    })

    it("waits between attempts even when the observer throws on being notified of them", async () => {
        const events = new Events()
        let told = 0
        events.trouble = () => {
            told++
            throw new Error("trouble fails")
        }
        const { clock, services } = new VirtualTime()
        services.resolve = () => Promise.reject(new Error("no such host"))
        const sensor = sensorOn(1, events, { retryInitial: 50, retryMaximum: 50 }, services)
        const running = sensor.run()
        await clock.advance(400)
        sensor.stop()
        await running
        // At once, then every 50 to 75 ms.
        ok(told >= 6 && told <= 9, `${told} attempts`)
    })

    it("simulated readings stay in a plausible range and are reproducible with the same noise", async () => {
        const [one, two] = [new SimulatedSource(() => 0.5), new SimulatedSource(() => 0.5)]
        for (let i = 0; i < 300; i++) {
            const readings = await one.read()
            deepStrictEqual(readings, await two.read())
            ok((readings[0]?.value ?? 0) > 15 && (readings[0]?.value ?? 0) < 30)
        }
    })
})

describe("the CoAP client", () => {
    it("gets, puts, posts and deletes at the gateway; a list longer than a datagram arrives in blocks", async () => {
        const [at, port] = [new Events(), await freePort()]
        const gateway = await startGateway(port, at)
        const services = new NodeServices()
        const socket = await services.openUdp({
            remote: { address: "127.0.0.1", port },
            localHost: undefined,
            localPort: 0,
        })
        const connection = new DtlsClientConnection(
            services,
            socket,
            fastSettings(new SinglePsk(psk.identity, psk.key)),
            undefined,
        )
        const coap = new CoapClient(new MessageLayer(services, connection, defaultCoapParameters()))
        const ask = async (code: CoapCode, path: string, payload = "", confirmable = true): Promise<string> => {
            const request = newRequest(code)
            request.options = path.split("/").map((part) => textOption(CoapOption.URI_PATH, part))
            request.payload = Buffer.from(payload)
            request.confirmable = confirmable
            const response = await coap.request(request)
            return `${response.code} ${response.payload.toString()}`
        }
        strictEqual(await ask(CoapCode.PUT, "a/b", "one"), "65 ")
        strictEqual(await ask(CoapCode.PUT, "a/b", "two"), "68 ")
        strictEqual(await ask(CoapCode.GET, "a/b"), "69 two")
        strictEqual(await ask(CoapCode.GET, "a/b", "", false), "69 two")
        strictEqual(await ask(CoapCode.DELETE, "a/b"), "66 ")
        ok((await ask(CoapCode.GET, "a/b")).startsWith("132 "))
        for (let i = 0; i < 60; i++) await ask(CoapCode.PUT, `a-rather-long-resource-name-${i}`, "x")
        const transfer = new BlockTransfer(requestFor(CoapCode.GET, ".well-known/core"), {
            size: 1024,
            limit: 65536,
            progress: undefined,
        })
        strictEqual((await transfer.run(coap)).payload.toString().match(/a-rather-long-resource-name/g)?.length, 60)
        strictEqual(await ask(CoapCode.PUT, "still", "here"), "65 ")
        await gateway.close()
        await rejects(ask(CoapCode.GET, "still"), GError)
        coap.layer.close()
        await connection.close()
        socket.close()
    })
})
