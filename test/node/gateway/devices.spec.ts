import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { createServer, type Server } from "node:http"
import { KEY, RunningGateway } from "../../support/running-gateway.js"

const json = (identity: string, rights: object = {}): string => JSON.stringify({ identity, key: KEY, ...rights })

describe("devices of mote-gateway", () => {
    let gateway: RunningGateway

    beforeEach(() => {
        gateway = new RunningGateway()
    })

    afterEach(async () => {
        await gateway.end()
    })

    it("have the rights of their own files, or else the configured ones, with their identity in place of {identity}", async () => {
        gateway.write("devices/meter.json", json("meter", { read: [], write: ["/meters"] }))
        gateway.write("devices/a b.json", json("a b"))
        await gateway.start({
            credentials: { directory: "devices" },
            rights: { read: ["/public"], write: ["/own/{identity}"] },
        })
        const [meter, other] = [await gateway.device("meter"), await gateway.device("a b")]
        strictEqual(await meter.post("/meters/1", "1"), "2.01")
        strictEqual(await meter.get("/meters/1"), "4.03 this client has no right to do that at /meters/1")
        strictEqual(await meter.post("/own/meter", "1"), "4.03")
        strictEqual(await other.post("/own/a b", "1"), "2.01")
        strictEqual(await other.post("/own/a", "1"), "4.03")
        strictEqual(await other.get("/public"), "4.04 nothing was posted to /public yet")
        strictEqual(
            await other.get("/.well-known/core"),
            "4.03 this client has no right to do that at /.well-known/core",
        )
    })

    it("are looked up by a program, which gets the claimed identity on standard input and in no argument", async () => {
        const program = `
            const { identity } = JSON.parse(require("fs").readFileSync(0, "utf8"))
            if (identity === "broken") process.exit(3)
            if (process.argv.length === 1 && identity.startsWith("known"))
                console.log(JSON.stringify({ identity, key: "${KEY}", write: ["/k"] }))`
        await gateway.start({ credentials: { command: [process.execPath, "-e", program] } })
        const known = await gateway.device("known; rm -rf /")
        strictEqual(await known.post("/k", "1"), "2.01")
        strictEqual(await known.post("/l", "1"), "4.03")
        await rejects(gateway.device("unknown", KEY, 600))
        await gateway.expectLogged("there is no key for this identity")
        await rejects(gateway.device("broken", KEY, 600))
        const { error, identity } = await gateway.expectLogged("the source of keys failed: the peer is refused")
        deepStrictEqual([identity, error], ["broken", `${process.execPath} failed with exit code 3`])
    })

    it("are looked up at a web service, once while its answer is cached", async () => {
        const asked: (string | undefined)[] = []
        const server: Server = createServer((request, response) => {
            asked.push(request.url)
            if (request.url === "/keys/w%2F1") response.end(json("w/1"))
            else response.writeHead(404).end()
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        const { port } = server.address() as { port: number }
        await gateway.start({ credentials: { url: `http://127.0.0.1:${port}/keys/{identity}` } })
        for (let i = 0; i < 2; i++) strictEqual((await (await gateway.device("w/1")).post("/t", "1")).slice(0, 1), "2")
        await rejects(gateway.device("nobody", KEY, 600))
        deepStrictEqual(asked, ["/keys/w%2F1", "/keys/nobody"])
        server.close()
    })
})
