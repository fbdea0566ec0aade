import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict"
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs"
import { createSocket } from "node:dgram"
import { get } from "node:http"
import { Discard } from "../../../src/dtls/record/discard.js"
import { ContentType } from "../../../src/dtls/wire/code-points.js"
import { SystemdNotifier } from "../../../host/mote-gateway/systemd.js"
import { Running } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"
import { updateKeys, updatesOf } from "../../support/key-update.js"
import { eventually, KEY, type RunningGateway, withGateway } from "../../support/running-gateway.js"

interface Status {
    peers: number
    devices: { identity: string; readings: { value: number }[] }[]
    failures: Record<string, number>
}

describe("operating mote-gateway", () => {
    let gateway: RunningGateway

    withGateway((fresh) => (gateway = fresh))

    const url = (path: string): string => `http://127.0.0.1:${gateway.service.operationsPort()}${path}`
    const text = async (path: string): Promise<string> => await (await fetch(url(path))).text()
    const status = async (): Promise<Status> => JSON.parse(await text("/status.json")) as Status

    it("shows devices, handshakes, failures by reason and readings in /metrics and on the page", async () => {
        await gateway.start({ operations: { port: 0 } })
        const one = await gateway.device("one")
        await one.post("/t", "21.5")
        await one.post("/photo", "{}")
        await gateway.device("nobody", KEY, 600).catch(() => undefined)
        await gateway.expectLogged("there is no key for this identity")
        const metrics = await text("/metrics")
        for (const line of [
            "mote_peers 1",
            "mote_handshakes_total 1",
            'mote_handshake_failures_total{reason="unknownIdentity"} 1',
            "mote_readings_total 1",
            "mote_payloads_without_readings_total 1",
            "mote_handshake_seconds_count 1",
        ])
            ok(metrics.split("\n").includes(line), line)
        const { peers, devices, failures } = await status()
        deepStrictEqual([peers, failures], [1, { unknownIdentity: 1 }])
        deepStrictEqual([devices[0].identity, devices[0].readings[0].value], ["one", 21.5])
    })

    it("names metrics by Prometheus conventions: counters end with _total, others do not", async () => {
        await gateway.start({ operations: { port: 0 }, sinks: { stdout: false, files: [{ path: "r.ndjson" }] } })
        const types = [...(await text("/metrics")).matchAll(/^# TYPE (mote_\w+) (\w+)$/gm)]
        ok(types.length >= 10)
        const wrong = types.filter(([, name, type]) => (type === "counter") !== name.endsWith("_total"))
        deepStrictEqual(
            wrong.map(([line]) => line),
            [],
        )
        ok(/^mote_discarded_datagrams_total\{reason="\w+"\} 0$/m.test(await text("/metrics")))
    })

    it("logs who posted a payload without readings, with time, level, identity and address", async () => {
        await gateway.start({})
        const one = await gateway.device("one")
        await one.post("/photo", "not a reading")
        const { time, ...rest } = await gateway.expectLogged("no readings in a payload")
        match(String(time), /^\d{4}-\d\d-\d\dT/)
        const address = `127.0.0.1:${one.connection.localPort}`
        const msg = "no readings in a payload"
        deepStrictEqual(rest, { level: "info", identity: "one", address, path: "/photo", format: 0, bytes: 13, msg })
    })

    it("is healthy until a sink accepts nothing more: then /healthz answers 503 with its name", async () => {
        const mqtt = [{ url: "mqtt://127.0.0.1:1", topic: "t", queue: { folder: "queue", maxBytes: 1024 } }]
        await gateway.start({ operations: { port: 0 }, sinks: { mqtt } })
        strictEqual(await text("/healthz"), '{"status":"ok"}\n')
        const one = await gateway.device("one")
        for (let i = 0; i < 8; i++) await one.post("/t", "1")
        const answer = await fetch(url("/healthz"))
        deepStrictEqual([answer.status, await answer.text()], [503, '{"status":"full","sinks":["MQTT 127.0.0.1:1"]}\n'])
    })

    it("serves no page for a foreign host name that points to this machine, and nothing except GET", async () => {
        await gateway.start({ operations: { port: 0 } })
        const code = await new Promise<number | undefined>((resolve) => {
            get(url("/metrics"), { headers: { host: "evil.example" } }, ({ statusCode }) => resolve(statusCode))
        })
        strictEqual(code, 403)
        strictEqual((await fetch(url("/"), { method: "POST" })).status, 405)
    })

    it("keeps every session over a restart, without a handshake, and its files are readable by its user only", async () => {
        const config = { associations: { file: "saved", keyFile: "saved.key" } }
        await gateway.start({ ...config, listen: [{ host: "127.0.0.1", port: 0 }] })
        const { port } = gateway
        gateway.configure({ ...config, listen: [{ host: "127.0.0.1", port }] })
        const [one, two] = [await gateway.device("one"), await gateway.device("two", KEY.replace("00", "01"))]
        const newer = await gateway.connect({
            psk: { identity: "one", key: Buffer.from(KEY, "hex") },
            minVersion: "1.3",
        })
        strictEqual(await newer.post("/v", "1"), "2.01")
        await gateway.service.stop()
        // The first run chose a port, which the second run's configuration names.
        gateway.write(
            "saved",
            readFileSync(gateway.path("saved"), "utf8").replace('"127.0.0.1|0"', `"127.0.0.1|${port}"`),
        )
        for (const name of ["saved", "saved.key"]) strictEqual(statSync(gateway.path(name)).mode & 0o077, 0)
        ok(!readFileSync(gateway.path("saved"), "utf8").includes(KEY))
        gateway.logged.splice(0)
        await gateway.start()
        ok(!existsSync(gateway.path("saved")), "nothing may go on from it twice")
        await gateway.expectLogged("3 sessions of the run before go on without a handshake")
        deepStrictEqual([await one.post("/t", "1"), await two.get("/t")], ["2.01", "2.05 1"])
        updateKeys(newer.connection.dtls)
        deepStrictEqual([await newer.get("/t"), await newer.get("/t")], ["2.05 1", "2.05 1"])
        strictEqual(updatesOf(newer.connection.dtls), 1)
        strictEqual(gateway.logged.filter(({ msg }) => msg === "connected").length, 0)
        await gateway.service.stop()
        await gateway.start()
        strictEqual(await one.post("/u", "2"), "2.01")
    })

    it("loses nothing of a burst while it is busy that the system's buffer has room for", async () => {
        const most = Number(readFileSync("/proc/sys/net/core/rmem_max", "utf8"))
        // Linux accounts 768 bytes for a small datagram, and doubles the requested size; its default has room for 277.
        const burst = Math.min(2000, Math.floor((1.6 * most) / 768))
        await gateway.start({})
        const socket = createSocket("udp4")
        // With an unknown connection id, so that each is counted.
        const record = Buffer.alloc(60)
        record[0] = ContentType.tls12Cid
        for (let i = 0; i < burst; i++) socket.send(record, gateway.port, "127.0.0.1")
        const { counters } = gateway.service.listeners.all()[0].getListener().getEndpoint()
        await eventually("the burst", () => (counters.of(Discard.unknownPeer) === burst ? true : undefined))
        socket.close()
    })

    it("says why a session cannot be restored: it was sealed with another key, or its listener is gone", async () => {
        const config = { associations: { file: "saved", keyFile: "saved.key" } }
        await gateway.start(config)
        await gateway.device("one")
        await gateway.service.stop()
        gateway.write("saved.key", "11".repeat(32))
        await gateway.start()
        await gateway.expectLogged("a session of the run before cannot go on: ")
    })

    it("notifies systemd when it serves and when it ends, through systemd's own program", async () => {
        const program = gateway.path("systemd-notify")
        gateway.write("systemd-notify", `#!/bin/sh\necho "$@" >> ${gateway.path("told")}\n`)
        chmodSync(program, 0o700)
        const environment = { PATH: `${gateway.folder}:${process.env["PATH"]}`, NOTIFY_SOCKET: "/run/none" }
        const notifier = new SystemdNotifier(gateway.log, { ...environment, WATCHDOG_USEC: "100000" })
        const told = (): string => (existsSync(gateway.path("told")) ? readFileSync(gateway.path("told"), "utf8") : "")
        notifier.ready()
        await eventually("the watchdog", () => (told().includes("WATCHDOG=1") ? true : undefined))
        notifier.stopping()
        await eventually("STOPPING=1", () => (told().includes("STOPPING=1") ? true : undefined))
        match(told(), new RegExp(`^--ready --pid=${process.pid}\n`))
    })

    it("has a page that a browser renders, on a phone's screen as well", async function () {
        needs(this, missingProgram("chromium-headless-shell"))
        await gateway.start({ operations: { port: 0 } })
        await (await gateway.device("one")).post("/t", "temperature 21.5 Cel")
        const options = ["--no-sandbox", "--disable-gpu", "--window-size=390,844", "--virtual-time-budget=4000"]
        const browser = new Running(["chromium-headless-shell", ...options, "--dump-dom", url("/")])
        await browser.ended(50000)
        const page = browser.output
        match(page, /1 session of 1 device,/)
        match(page, /<td class="">temperature 21.5 °C<\/td>/)
        strictEqual(page.match(/<canvas/g)?.length, 6)
    })
})
