import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict"
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { connectAsync } from "mqtt"
import { DeliveryQueue } from "../../../host/mote-gateway/delivery-queue.js"
import { Forwarder, type Target } from "../../../host/mote-gateway/forwarder.js"
import { newLog } from "../../../host/mote-gateway/log.js"
import { topicOf } from "../../../host/mote-gateway/mqtt.js"
import { type ReadingRecord } from "../../../host/mote-gateway/sink.js"
import { fileSink } from "../../../host/mote-gateway/stream-sink.js"
import { WebhookTarget } from "../../../host/mote-gateway/webhook.js"
import { CertificateMaker } from "../../certificates/maker.js"
import { freePort, freeTcpPort, Running, sleep } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"
import { eventually, KEY, RunningGateway } from "../../support/running-gateway.js"
import { type Published, TestBroker } from "../../support/test-broker.js"

const valuesOf = (records: Record<string, unknown>[]): number[] =>
    records.map(({ readings }) => (readings as { value: number }[])[0].value)

describe("the sinks of mote-gateway", () => {
    let gateway: RunningGateway
    let broker: TestBroker | undefined

    beforeEach(() => {
        gateway = new RunningGateway()
        gateway.write("keys.psk", `one:${KEY}\n`)
    })

    afterEach(async () => {
        await gateway.close()
        await broker?.close()
        broker = undefined
        rmSync(gateway.folder, { recursive: true })
    })

    const arrived = (count: number): Promise<Published[]> =>
        eventually(`${count} publications`, () => (broker?.published.length === count ? broker.published : undefined))

    it("write a line of JSON for each request, with id, time, identity, address and path, and rotate their files", async () => {
        await gateway.start({
            acknowledge: "stored",
            sinks: { files: [{ path: "r.ndjson", maxBytes: 1024, keep: 2 }] },
        })
        const one = await gateway.device("one")
        await one.post("/rooms/hall", "temperature 21.5 Cel\nhumidity 48 %RH")
        const [{ id, time, address, readings, ...rest }] = gateway.lines("r.ndjson")
        match(String(id), /^[0-9a-f-]{36}$/)
        match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
        strictEqual(address, `127.0.0.1:${one.connection.localPort}`)
        deepStrictEqual(rest, { identity: "one", identityHex: "6f6e65", path: "/rooms/hall" })
        deepStrictEqual(readings, [
            { name: "temperature", value: 21.5, unit: "Cel" },
            { name: "humidity", value: 48, unit: "%RH" },
        ])
        for (let i = 0; i < 20; i++) await one.post("/t", `${i}`)
        const files = readdirSync(gateway.folder).filter((name) => name.startsWith("r.ndjson"))
        deepStrictEqual(files.sort(), ["r.ndjson", "r.ndjson.1", "r.ndjson.2"])
        strictEqual(valuesOf(gateway.lines("r.ndjson").slice(-1))[0] ?? 19, 19)
    })

    it("accept readings again when their file is writable again", async () => {
        mkdirSync(gateway.path("r.ndjson"))
        await gateway.start({ sinks: { files: [{ path: "r.ndjson" }] } })
        await gateway.expectLogged("file r.ndjson cannot be written")
        const one = await gateway.device("one")
        strictEqual(await one.post("/t", "1"), "5.03 30")
        rmdirSync(gateway.path("r.ndjson"))
        await eventually("a taken reading", async () => ((await one.post("/t", "2")) === "2.01" ? true : undefined))
    })

    it("lose no record that arrived while the file could not be written", async () => {
        const path = gateway.path("r.ndjson")
        mkdirSync(path)
        const told: string[] = []
        const sink = fileSink({ path, maxBytes: 1024, keep: 1 }, (what) => void told.push(what))
        const writing = sink.put({} as ReadingRecord, '{"id":"1"}')
        await eventually("the failure", () => (told.length > 0 ? told : undefined))
        deepStrictEqual([sink.hasRoom(), sink.waiting()], [false, 1])
        rmdirSync(path)
        await writing
        deepStrictEqual([sink.hasRoom(), sink.waiting(), told.length], [true, 0, 1])
        await sink.close()
        deepStrictEqual(gateway.lines("r.ndjson"), [{ id: "1" }])
    })

    it("truncate the partial record that a full disk left, and nothing else", async () => {
        gateway.write("r.ndjson", '{"id":"1","readings":[{"value":0}]}\n{"id":"2","read')
        gateway.write("notes.txt", "not a record")
        await gateway.start({
            acknowledge: "stored",
            sinks: { files: [{ path: "r.ndjson" }, { path: "notes.txt" }] },
        })
        strictEqual(await (await gateway.device("one")).post("/t", "1"), "2.01")
        deepStrictEqual(valuesOf(gateway.lines("r.ndjson")), [0, 1])
        ok(readFileSync(gateway.path("notes.txt"), "utf8").startsWith("not a record"))
    })

    it("publish to an MQTT 3.1.1 broker, at a topic from a template, with the configured quality of service", async () => {
        broker = await TestBroker.listen()
        const topic = "plant/{identity}/{path}"
        const mqtt = [{ url: `mqtt://127.0.0.1:${broker.port}`, topic, qos: 2 }]
        await gateway.start({ acknowledge: "stored", sinks: { mqtt } })
        strictEqual(await (await gateway.device("one")).post("/rooms/hall", "21.5"), "2.01")
        const [{ payload, ...rest }] = await arrived(1)
        deepStrictEqual(rest, { topic: "plant/one/rooms/hall", qos: 2 })
        deepStrictEqual(payload["readings"], [{ name: "hall", value: 21.5, unit: "" }])
    })

    it("publish to an MQTT 5 broker", async function () {
        needs(this, missingProgram("mosquitto"))
        const port = await freePort()
        const mosquitto = new Running(["mosquitto", "-p", `${port}`])
        const url = `mqtt://127.0.0.1:${port}`
        const mqtt = [{ url, topic: "t/{path}", version: "5", retain: true }]
        await gateway.start({ acknowledge: "stored", sinks: { mqtt } })
        strictEqual(await (await gateway.device("one")).post("/x", "1"), "2.01")
        const subscriber = await connectAsync(url, { protocolVersion: 5 })
        const message = new Promise<string>((resolve) => subscriber.on("message", (topic) => resolve(topic)))
        await subscriber.subscribeAsync("t/#")
        strictEqual(await message, "t/x")
        await subscriber.endAsync()
        await mosquitto.end()
    })

    it("have no separators or wildcards in topics except the template's, whatever a device's name and path", () => {
        const record = {
            id: "",
            time: "",
            address: "",
            readings: [],
            identity: "a/+#b",
            identityHex: "61",
            path: "/x+y/z",
        }
        strictEqual(topicOf("s/{identity}/{identityHex}/{path}", record), "s/a%2F%2B%23b/61/x%2By/z")
    })

    it("publish over TLS, to a broker whose certificate the configured authority signed and to no other", async () => {
        const maker = new CertificateMaker()
        maker.make("root", undefined, ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"])
        maker.make("broker", "root", ["subjectAltName=IP:127.0.0.1"])
        maker.make("other", undefined, ["basicConstraints=critical,CA:true"])
        const file = (name: string): string => `${maker.folder}/${name}`
        broker = await TestBroker.listen(0, {
            cert: readFileSync(file("broker.pem")),
            key: readFileSync(file("broker.key")),
        })
        const url = `mqtts://127.0.0.1:${broker.port}`
        await gateway.start({ sinks: { mqtt: [{ url, topic: "t", ca: file("other.pem") }] } })
        const one = await gateway.device("one")
        await one.post("/t", "1")
        await gateway.expectLogged("no connection (unable to verify the first certificate")
        await gateway.expectLogged("check url, credentials and the broker")
        strictEqual(broker.published.length, 0)
        gateway.configure({ acknowledge: "stored", sinks: { mqtt: [{ url, topic: "t", ca: file("root.pem") }] } })
        strictEqual(await gateway.service.reload(), true)
        strictEqual(await one.post("/t", "2"), "2.04")
        deepStrictEqual(valuesOf((await arrived(1)).map(({ payload }) => payload)), [2])
    })

    it("keep readings on disk while the broker is away, answer 5.03 with Max-Age when that is full, and deliver all in order", async () => {
        const port = await freePort()
        const queue = { folder: "queue", maxBytes: 1024 }
        const mqtt = [{ url: `mqtt://127.0.0.1:${port}`, topic: "t", queue }]
        await gateway.start({ acknowledge: "stored", retryAfter: 17, sinks: { mqtt } })
        const one = await gateway.device("one")
        const answers: string[] = []
        while (answers.at(-1) !== "5.03 17" && answers.length < 20)
            answers.push(await one.post("/t", `${answers.length}`))
        const taken = answers.length - 1
        ok(taken > 2, answers.join())
        strictEqual(await one.get("/t"), `2.05 ${taken - 1}`, "what was refused is not stored")
        await gateway.expectLogged("takes no more readings")
        broker = await TestBroker.listen(port)
        const values = valuesOf((await arrived(taken)).map(({ payload }) => payload))
        deepStrictEqual(values, [...Array(taken).keys()])
        strictEqual(await one.post("/t", "99"), "2.04")
        await gateway.expectLogged("takes readings again")
    })

    it("acknowledge nothing before a broker has it, when storing is required and the queue is in memory", async () => {
        const port = await freePort()
        await gateway.start({
            acknowledge: "stored",
            sinks: { mqtt: [{ url: `mqtt://127.0.0.1:${port}`, topic: "t" }] },
        })
        let answer = "none"
        const posting = (await gateway.device("one")).post("/t", "1").then((code) => (answer = code))
        await sleep(300)
        strictEqual(answer, "none")
        broker = await TestBroker.listen(port)
        strictEqual(await posting, "2.01")
        await arrived(1)
    })

    it("deliver what was on disk after a restart, and nothing twice after a clean shutdown", async () => {
        const port = await freePort()
        const mqtt = [{ url: `mqtt://127.0.0.1:${port}`, topic: "t", queue: { folder: "queue" } }]
        await gateway.start({ acknowledge: "stored", sinks: { mqtt } })
        const one = await gateway.device("one")
        for (let i = 0; i < 3; i++) await one.post("/t", `${i}`)
        await gateway.close()
        broker = await TestBroker.listen(port)
        await gateway.start()
        deepStrictEqual(valuesOf((await arrived(3)).map(({ payload }) => payload)), [0, 1, 2])
        await gateway.close()
        deepStrictEqual(readdirSync(gateway.path("queue")), [])
    })

    it("lose nothing that was appended when the process is killed; a line truncated by that was never acknowledged", async () => {
        const killed = await DeliveryQueue.open(gateway.path("queue"), 10000)
        for (const line of ['"a"', '"b"', '"c"']) await killed.append(line)
        // The files that a killed process leaves behind.
        cpSync(gateway.path("queue"), gateway.path("left"), { recursive: true })
        await killed.close()
        const [file] = readdirSync(gateway.path("left"))
        appendFileSync(gateway.path(`left/${file}`), '"cut')
        const next = await DeliveryQueue.open(gateway.path("left"), 10000)
        deepStrictEqual(await next.oldest(9, new AbortController().signal), ['"a"', '"b"', '"c"'])
        next.delivered(2)
        await next.close()
        const last = await DeliveryQueue.open(gateway.path("left"), 10000)
        deepStrictEqual(await last.oldest(9, new AbortController().signal), ['"c"'])
        await last.close()
    })

    it("continue with a queue whose next file cannot be created, and create that file when possible", async () => {
        const queue = await DeliveryQueue.open(gateway.path("queue"), 1e7)
        mkdirSync(gateway.path("queue/00000002.ndjson"))
        const line = JSON.stringify("x".repeat(600000))
        for (let i = 0; i < 3; i++) await queue.append(line)
        await queue.append('"last"')
        ok(readdirSync(gateway.path("queue")).includes("00000003.ndjson"))
        strictEqual(queue.length(), 4)
        queue.delivered(4)
        await queue.close()
        deepStrictEqual(readdirSync(gateway.path("queue")), ["00000002.ndjson"])
    })

    it("whose target accepts records without confirming them say so in the log, and when it does again", async () => {
        const lines: string[] = []
        const log = newLog((line) => lines.push(line))
        let confirm = (): void => undefined
        const target: Target = {
            name: "MQTT broker",
            batch: 1,
            send: () => new Promise((resolve) => (confirm = resolve)),
            close: () => Promise.resolve(),
        }
        const sink = new Forwarder(target, { folder: undefined, maxBytes: 1000 }, log, 10)
        await sink.begin()
        const put = sink.put({} as ReadingRecord, "{}")
        await eventually("a warning", () => lines.find((line) => line.includes("no confirmation for 0.01 s")))
        confirm()
        await put
        await eventually("news", () => lines.find((line) => line.includes("takes readings again")))
        await sink.close()
        strictEqual(lines.length, 2)
    })

    describe("that are webhooks", () => {
        let server: Server
        let answers: number[]
        let bodies: { token: string | undefined; values: number[] }[]

        beforeEach(async () => {
            bodies = []
            answers = []
            server = createServer((request, response) => {
                let text = ""
                request.on("data", (part: Buffer) => (text += part.toString()))
                request.on("end", () => {
                    const values = valuesOf(JSON.parse(text) as Record<string, unknown>[])
                    bodies.push({ token: request.headers.authorization, values })
                    response.writeHead(answers.shift() ?? 204).end()
                })
            })
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        })

        afterEach(() => void server.close())

        const hook = (): object => {
            const { port } = server.address() as { port: number }
            gateway.write("token", "t0k3n\n")
            return { webhooks: [{ url: `http://127.0.0.1:${port}/readings`, tokenFile: "token" }] }
        }

        it("get readings by POST with their token, again after a server error, and a device waits for that", async () => {
            answers = [503]
            await gateway.start({ acknowledge: "stored", sinks: hook() })
            strictEqual(await (await gateway.device("one")).post("/t", "5"), "2.01")
            const once = { token: "Bearer t0k3n", values: [5] }
            deepStrictEqual(bodies, [once, once])
            await gateway.expectLogged("it answers 503; readings wait for it")
        })

        it("that have moved are not followed, where a POST would lose its body: readings wait", async () => {
            answers = [301, 302, 307]
            await gateway.start({ acknowledge: "stored", sinks: hook() })
            strictEqual(await (await gateway.device("one")).post("/t", "5"), "2.01")
            strictEqual(bodies.length, 4)
            await gateway.expectLogged(
                "it answers 301: write the address it has moved to into url; readings wait for it",
            )
        })

        it("that are unreachable are logged with what to do", async () => {
            const url = `http://127.0.0.1:${await freeTcpPort()}/`
            const target = new WebhookTarget({ url, timeout: 10000, queue: { maxBytes: 1024 } })
            const refused = /^no answer \(.*ECONNREFUSED.*\): check url and the server$/
            await rejects(target.send(["{}"], new AbortController().signal), { message: refused })
        })

        it("that refuse a body for good lose it, which is logged, and do not hold up the next", async () => {
            answers = [422]
            await gateway.start({ acknowledge: "stored", sinks: hook() })
            const one = await gateway.device("one")
            await one.post("/t", "6")
            await one.post("/t", "7")
            deepStrictEqual(
                bodies.map(({ values }) => values),
                [[6], [7]],
            )
            await gateway.expectLogged("refuses a record for good, it is lost: it answers 422")
        })

        it("that refuse a batch get its records one by one, so that only the faulty one is lost", async () => {
            const queue = await DeliveryQueue.open(gateway.path("queue"), 10000)
            for (const value of [1, 2, 3]) await queue.append(JSON.stringify({ readings: [{ value }] }))
            await queue.close()
            answers = [413, 204, 413, 204]
            const [webhook] = (hook() as { webhooks: object[] }).webhooks
            await gateway.start({ sinks: { webhooks: [{ ...webhook, queue: { folder: "queue" } }] } })
            await eventually("four requests", () => (bodies.length === 4 ? bodies : undefined))
            deepStrictEqual(
                bodies.map(({ values }) => values),
                [[1, 2, 3], [1], [2], [3]],
            )
            await (await gateway.device("one")).post("/t", "4")
            await eventually("the next one", () => (bodies.length === 5 ? bodies : undefined))
        })
    })
})
