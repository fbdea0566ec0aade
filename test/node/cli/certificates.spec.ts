import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { connect, listen } from "../../../src/index.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { TestAuthority } from "../../support/test-authority.js"

const authority = TestAuthority.get()
const pem = (name: string): string => authority.file(name, "pem")
const key = (name: string): string => authority.file(name, "key")

/** SHA-256 of a public key. */
function pin(name: string): string {
    const spki = createPublicKey(authority.pem(name)).export({ format: "der", type: "spki" })
    return createHash("sha256").update(spki).digest("hex")
}

async function ended(program: Running): Promise<number | null> {
    for (let i = 0; i < 1500 && program.running; i++) await new Promise((resolve) => setTimeout(resolve, 20))
    return program.exitCode
}

/** Runs `body` while `mote server --echo` runs. */
async function serving(args: string[], body: (where: string, server: Running) => Promise<void>): Promise<void> {
    const port = await freePort()
    const server = new Running(mote("server", "--host", "127.0.0.1", "--port", `${port}`, "--echo", ...args))
    try {
        await untilBound(port)
        await body(`127.0.0.1:${port}`, server)
    } finally {
        await server.end()
    }
}

/** Runs `mote client`, which sends "hello" and ends when that is echoed. */
async function say(where: string, ...args: string[]): Promise<Running> {
    const client = new Running(mote("client", where, ...args))
    client.write("hello\n")
    await client.has("hello")
    client.endInput()
    await ended(client)
    return client
}

describe("the command line with certificates", function () {
    this.timeout(120000)

    for (const version of ["1.2", "1.3"])
        it(`both sides print the chain and the verdict in words, in DTLS ${version}`, () => {
            const only = ["--min-version", version, "--max-version", version]
            const certified = ["--cert", pem("server"), "--key", key("server"), "--ca", pem("root")]
            return serving([...certified, ...only], async (where, server) => {
                const own = ["--cert", pem("client"), "--key", key("client"), ...only]
                const client = await say(where, "--ca", pem("root"), "--server-name", "server.test", ...own)
                strictEqual(client.exitCode, 0, client.output)
                ok(client.output.includes("hello"))
                ok(client.output.includes(`connected: DTLS ${version}`), client.output)
                const shown =
                    "certificate 1 of 1: CN=server.example for server.test, 127.0.0.1, issued by CN=root.example"
                ok(client.output.includes(`server: ${shown}`), client.output)
                ok(client.output.includes("server: verdict: nothing is wrong with it"))
                await server.expect("client 1: certificate 1 of 1: CN=client.example for client.test")
                await server.expect("client 1: verdict: nothing is wrong with it")
            })
        })

    it("a server of another name is refused, printed all the same, and accepted with --insecure", () =>
        serving(["--cert", pem("other-name"), "--key", key("other-name")], async (where) => {
            const refusing = await say(where, "--ca", pem("root"))
            strictEqual(refusing.exitCode, 1)
            ok(refusing.output.includes("CN=other-name.example for other.test"), refusing.output)
            ok(/^mote: .*not for the name that was asked for.*bad_certificate \(42\)/m.test(refusing.output))
            const accepting = await say(where, "--ca", pem("root"), "--insecure")
            strictEqual(accepting.exitCode, 0)
            ok(accepting.output.includes("verdict: it is not for the name that was asked for"))
        }))

    it("raw public keys are accepted by --rpk-pin, and --json has an event for programs", () => {
        return serving(["--key", key("server"), "--rpk-pin", pin("client")], async (where) => {
            const client = await say(where, "--key", key("client"), "--rpk-pin", pin("server"), "--json")
            strictEqual(client.exitCode, 0, client.output)
            const events = client.output
                .trim()
                .split("\n")
                .map((line) => JSON.parse(line) as { event: string })
            const shown = events.find(({ event }) => event === "certificate")
            const verdict = "nothing is wrong with it"
            deepStrictEqual(shown, {
                event: "certificate",
                peer: "server",
                chain: [],
                publicKeySha256: pin("server"),
                verdict,
            })
        })
    })

    it("mote gateway identifies a client by its public key's hash, and CoAP commands present a certificate or key", async () => {
        const port = await freePort()
        const own = ["--cert", pem("server"), "--key", key("server"), "--alpn", "coap"]
        const believed = [
            "--ca",
            pem("root"),
            "--rpk-pin",
            pin("for-clients"),
            "--psk",
            "one:00112233445566778899aabbccddeeff",
        ]
        const gateway = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, ...own, ...believed))
        const coap = async (method: string, ...args: string[]): Promise<Running> => {
            const command = new Running(mote(method, `coaps://127.0.0.1:${port}/room`, ...args))
            await ended(command)
            return command
        }
        try {
            await untilBound(port)
            const server = ["--ca", pem("root"), "--server-name", "server.test"]
            const owner = [...server, "--cert", pem("client"), "--key", key("client"), "--alpn", "coap"]
            const put = await coap("put", "-e", "21.5", ...owner)
            strictEqual(put.exitCode, 0, put.output)
            ok(put.output.includes("server: verdict: nothing is wrong with it"), put.output)
            await gateway.expect(`client 1 connected: ${pin("client")} from 127.0.0.1`)
            const other = await coap("put", "-e", "0", ...server, "--key", key("for-clients"))
            deepStrictEqual([other.exitCode, other.output.includes("4.03")], [1, true], other.output)
            await gateway.expect(`client 2 connected: ${pin("for-clients")} from`)
            const reader = await coap("get", "--psk", "one:00112233445566778899aabbccddeeff")
            deepStrictEqual([reader.exitCode, reader.output.includes("21.5")], [0, true], reader.output)
            const refusing = await coap("get", "--ca", pem("root"), "--server-name", "other.test")
            ok(/^mote: .*not for the name that was asked for/m.test(refusing.output), refusing.output)
        } finally {
            await gateway.end()
        }
    })

    it("mote gateway with a certificate of its own requires to be told whom it trusts", async () => {
        const gateway = new Running(mote("gateway", "--cert", pem("server"), "--key", key("server")))
        strictEqual(await ended(gateway), 2)
        ok(/--ca or --rpk-pin is needed/.test(gateway.output), gateway.output)
    })

    const wrong: [string, string[], RegExp][] = [
        ["a missing file", ["--ca", "nowhere.pem"], /--ca: cannot read nowhere\.pem \(ENOENT\)/],
        ["a certificate without its key", ["--cert", pem("client")], /--cert: a certificate with its private key/],
        ["a malformed pin", ["--rpk-pin", "abc"], /--rpk-pin: 64 hex digits/],
    ]
    for (const [what, args, message] of wrong)
        it(`${what} is a usage error, with a sentence that says what is needed`, async () => {
            const client = await say("127.0.0.1:9", ...args)
            strictEqual(client.exitCode, 2)
            ok(message.test(client.output), client.output)
        })
})

describe("mote start in a folder whose device has certificates", function () {
    this.timeout(120000)
    const PSK = { identity: "another", key: Buffer.alloc(16, 0x5a) }
    const given = ["--psk", `${PSK.identity}:${PSK.key.toString("hex")}`]

    /** A folder with a configuration. @param own the device's credentials besides its private key */
    function folderOf(own: { cert?: string; psk?: boolean }): string {
        const folder = temporaryFolder("start")
        const program = join(root, "src", "sensor", "main.ts")
        const more = { board: "posix", target: "coaps://127.0.0.1/r", maxVersion: "1.3", credentials: "keys.json" }
        const certificates = { key: key("client"), ca: [pem("root")], ...own }
        writeFileSync(join(folder, "devs.config.json"), JSON.stringify({ program, ...more, certificates }))
        const credentials = own.psk === true ? { identity: "own", key: "00".repeat(16) } : {}
        writeFileSync(join(folder, "keys.json"), JSON.stringify(credentials))
        return folder
    }

    it("runs a gateway that also accepts other devices by their pre-shared keys", async () => {
        const command = mote("start", "--count", "1000", "--interval", "0.2", ...given)
        const running = new Running(command, folderOf({ cert: pem("client") }))
        try {
            await running.expect("temperature", 60000)
            const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(running.output)?.[1])
            const other = await connect("127.0.0.1", port, { psk: PSK })
            await other.close()
            const arrived = running.output.split("temperature").length
            for (let i = 0; i < 500 && running.output.split("temperature").length === arrived; i++)
                await new Promise((resolve) => setTimeout(resolve, 20))
            ok(running.output.split("temperature").length > arrived, running.output)
        } finally {
            await running.end()
        }
    })

    it("gives the device the command line's key instead of its own, where it has one beside its certificates", async () => {
        const server = await listen(0, { psk: PSK, maxVersion: "1.3" }, "127.0.0.1")
        const uri = `coaps://127.0.0.1:${server.port}/r`
        const running = new Running(mote("start", uri, "--count", "1", ...given), folderOf({ psk: true }))
        try {
            const client = await server.accept({ timeout: 60000 })
            strictEqual(String(client.peerIdentity), PSK.identity)
        } finally {
            await running.end()
            await server.close()
        }
    })

    it("refuses a pre-shared key for a device that could not use it", async () => {
        const running = new Running(mote("start", "coaps://127.0.0.1:1/r", ...given), folderOf({ cert: pem("client") }))
        strictEqual(await ended(running), 2)
        ok(running.output.includes("--psk: the device of devs.config.json has certificates alone"), running.output)
    })
})
