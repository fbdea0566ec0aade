import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { loadGatewayConfig } from "../../../host/mote-gateway/config.js"
import { watchSources } from "../../../host/mote-gateway/watch.js"
import { root } from "../../../host/folders.js"
import { type UsageError } from "../../../host/credentials.js"
import { GError, IOErrorEnum, isIoError } from "../../../src/gio/errors.js"
import { freePort, fromSources, Running } from "../../interop/process.js"
import { connect } from "../../../src/index.js"
import { missingProgram, needs } from "../../support/needs.js"
import { KEY, RunningGateway, withGateway } from "../../support/running-gateway.js"

describe("the configuration of mote-gateway", () => {
    let gateway: RunningGateway

    withGateway((fresh) => (gateway = fresh))

    async function refusal(config: string | object): Promise<string> {
        gateway.write("gateway.json", config)
        let message = ""
        await rejects(gateway.start(), (error: UsageError) => (message = error.message) !== "")
        return message.replaceAll(gateway.folder, ".")
    }

    it("that is invalid is refused with file, line, column, setting and what would be right, all mistakes at once", async () => {
        strictEqual(await refusal("{\n  sinks: 1\n}"), "./gateway.json:2:3: no JSON: invalid symbol")
        const wrong = '{\n  "credentials": { "file": "keys.psk" },\n  "retryAfter": 0,\n  "sinks": { "kafka": {} }\n}'
        strictEqual(
            await refusal(wrong),
            "./gateway.json:3:3: retryAfter: a whole number from 1 to 86400: Max-Age of 5.03 when a sink is full, s (30)\n" +
                "./gateway.json:4:14: sinks.kafka: is no setting; there are stdout, files, mqtt, webhooks",
        )
        strictEqual(
            await refusal({ credentials: {} }),
            "./gateway.json:1:2: credentials: one of file, directory, command, url",
        )
    })

    it("reports what is wrong with the files that it names, and never their keys' content", async () => {
        strictEqual(
            await refusal({ credentials: { file: "none.psk" } }),
            "credentials.file: cannot read that file (ENOENT)",
        )
        gateway.write("devices/a.json", `{ "identity": "a",\n "key": "${KEY}0" }`)
        strictEqual(
            await refusal({ credentials: { directory: "devices" } }),
            "./devices/a.json:2:2: key: the key, 2 to 128 hexadecimal digits",
        )
        strictEqual(
            await refusal({ credentials: { file: "keys.psk" }, sinks: { files: [{ path: "no/where.ndjson" }] } }),
            "sinks.files: cannot write to the folder of ./no/where.ndjson (ENOENT)",
        )
    })

    it("with redis or workers is refused when sessions are also stored elsewhere, when ids are missing or short, and when redis is absent", async () => {
        const credentials = { file: "keys.psk" }
        const redis = { url: "redis://127.0.0.1:1", keyFile: "fleet.key" }
        const associations = { file: "saved", keyFile: "saved.key" }
        ok((await refusal({ redis, credentials, associations })).endsWith("associations, which is there, too"))
        ok((await refusal({ workers: 2, credentials, connectionId: 4 })).includes("0, or 6 and more with workers"))
        for (const connectionId of [0, 5])
            ok((await refusal({ redis, credentials, connectionId })).includes("connectionId: 6 or more with redis"))
        ok(/^redis cannot be used \(.+\): check redis\.url/.test(await refusal({ redis, credentials })))
    })

    it("with versions of DTLS is refused when none is left", async () => {
        const credentials = { file: "keys.psk" }
        ok((await refusal({ credentials, minVersion: "1.3", maxVersion: "1.2" })).endsWith("no newer than maxVersion"))
    })

    it("sets how many paths are kept", async () => {
        await gateway.start({ limits: { resources: 2 } })
        const one = await gateway.device("one")
        strictEqual(await one.post("/a", "1"), "2.01")
        strictEqual(await one.post("/b", "1"), "2.01")
        strictEqual(await one.post("/c", "1"), "5.03 60")
        strictEqual(await one.post("/a", "2"), "2.04")
    })

    it("is refused at the start, with the address, when its port is in use; what was opened is closed again", async () => {
        await gateway.start({})
        const second = new RunningGateway()
        second.write("keys.psk", `one:${KEY}\n`)
        second.configure({ listen: [{ host: "127.0.0.1", port: gateway.port }] })
        await rejects(second.start(), (error) => isIoError(error, IOErrorEnum.ADDRESS_IN_USE))
        rmSync(second.folder, { recursive: true })
    })

    it("that is reloaded applies at once to devices, rights, sinks, listeners and limits, and sessions continue", async () => {
        await gateway.start({ sinks: { files: [{ path: "a.ndjson" }] } })
        const one = await gateway.device("one")
        strictEqual(await one.post("/t", "1"), "2.01")
        const port = await freePort()
        gateway.write("keys.psk", `one:${KEY}\nthree:${KEY.replace("00", "02")}\n`)
        gateway.configure({
            listen: [
                { host: "127.0.0.1", port: 0 },
                { host: "127.0.0.1", port },
            ],
            rights: { write: ["/t"] },
            limits: { sessionsPerIdentity: 1 },
            sinks: { files: [{ path: "b.ndjson" }] },
        })
        strictEqual(await gateway.service.reload(), true)
        strictEqual(await one.post("/t", "2"), "2.04")
        strictEqual(await one.post("/u", "3"), "4.03")
        strictEqual(await (await gateway.device("three", KEY.replace("00", "02"))).get("/t"), "2.05 2")
        deepStrictEqual(
            gateway.service.listeners.addresses().map((address) => address.port),
            [gateway.port, port],
        )
        const values = (file: string): unknown[] =>
            gateway.lines(file).map(({ readings }) => (readings as { value: number }[])[0].value)
        deepStrictEqual([values("a.ndjson"), values("b.ndjson")], [[1], [2]])
        // A second session of one identity replaces the first, because of the new limit.
        await gateway.device("one")
        const { identity } = await gateway.expectLogged("ended: a newer session of the same peer took its place")
        strictEqual(identity, "one")
    })

    it("that is reloaded closes the sessions of devices whose key was removed or changed, and of no others", async () => {
        await gateway.start({})
        const [one, two] = [await gateway.device("one"), await gateway.device("two", KEY.replace("00", "01"))]
        gateway.write("keys.psk", `one:${KEY}\ntwo:${KEY.replace("00", "77")}\n`)
        strictEqual(await gateway.service.reload(), true)
        const { identity } = await gateway.expectLogged("its key was taken away or changed")
        strictEqual(identity, "two")
        strictEqual(await one.post("/t", "1"), "2.01")
        await rejects(two.post("/t", "2"), GError)
    })

    it("is refused when it is invalid or cannot be opened, with a sentence in the log, and the previous one still applies", async () => {
        await gateway.start({})
        const taken = new RunningGateway()
        taken.write("keys.psk", `one:${KEY}\n`)
        await taken.start({})
        gateway.configure({
            listen: [{ host: "127.0.0.1", port: taken.port }],
            sinks: { files: [{ path: "b.ndjson" }] },
        })
        strictEqual(await gateway.service.reload(), false)
        gateway.write("gateway.json", "{")
        strictEqual(await gateway.service.reload(), false)
        const errors = gateway.logged.filter(({ level }) => level === "error").map(({ msg }) => msg)
        const kept = "the configuration is refused: the one before it still counts"
        deepStrictEqual(errors.slice(1), [
            kept,
            `${gateway.path("gateway.json")}:1:2: no JSON: close brace expected`,
            kept,
        ])
        strictEqual(await (await gateway.device("one")).post("/t", "1"), "2.01")
        await taken.close()
        rmSync(taken.folder, { recursive: true })
    })

    it("is reloaded when a file that belongs to it changes", async () => {
        await gateway.start({})
        const unwatch = await watchSources(gateway.service)
        gateway.write("keys.psk", `one:${KEY}\nnew:${KEY.replace("00", "05")}\n`)
        await gateway.expectLogged("was read again")
        await gateway.device("new", KEY.replace("00", "05"))
        await unwatch()
    })

    it("shown in docs/gateway.md can be read", () => {
        const [, example] = /```json\n(.*?)```/s.exec(readFileSync(join(root, "docs/gateway.md"), "utf8")) ?? []
        gateway.write("gateway.json", example)
        strictEqual(loadGatewayConfig(gateway.path("gateway.json")).listen[0].port, 5684)
    })

    it("is reloaded on SIGHUP; SIGTERM ends the program in order; its port may be a socket that systemd passes", async function () {
        needs(this, missingProgram("python3"))
        const port = await freePort()
        gateway.configure({ listen: [{ host: "127.0.0.1", port, fd: 3 }] })
        const command = fromSources("host/mote-gateway/main.ts", "--config", gateway.path("gateway.json"))
        const activate =
            "import os, socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " +
            `s.bind(("127.0.0.1", ${port})); os.dup2(s.fileno(), 3); os.set_inheritable(3, True); os.execv(sys.argv[1], sys.argv[1:])`
        const running = new Running(["python3", "-c", activate, ...command])
        await running.expect(`listening on 127.0.0.1:${port}`)
        const psk = { identity: "one", key: Buffer.from(KEY, "hex") }
        await (await connect("127.0.0.1", port, { psk, timeout: 10000 })).close()
        process.kill(running.pid, "SIGHUP")
        await running.expect("was read again")
        process.kill(running.pid, "SIGTERM")
        await running.ended()
        strictEqual(running.output.match(/listening on/g)?.length, 1, "an address is told when it comes, not again")
        strictEqual(running.exitCode, 0, running.output)
        match(running.output, /"msg":"stopped"/)
    })
})
