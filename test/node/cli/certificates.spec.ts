import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
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

/** Runs `body` beside `mote server --echo`. */
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

/** `mote client`, which says "hello". */
async function say(where: string, ...args: string[]): Promise<Running> {
    const client = new Running(mote("client", where, "--wait", "300", ...args))
    client.write("hello\n")
    client.endInput()
    await ended(client)
    return client
}

describe("the command line with certificates", function () {
    this.timeout(120000)

    for (const version of ["1.2", "1.3"])
        it(`both sides show the chain and the verdict in words, in DTLS ${version}`, () => {
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

    it("a server of another name is refused, shown all the same, and accepted with --insecure", () =>
        serving(["--cert", pem("other-name"), "--key", key("other-name")], async (where) => {
            const refusing = await say(where, "--ca", pem("root"))
            strictEqual(refusing.exitCode, 1)
            ok(refusing.output.includes("CN=other-name.example for other.test"), refusing.output)
            ok(/^mote: .*not for the name that was asked for.*bad_certificate \(42\)/m.test(refusing.output))
            const accepting = await say(where, "--ca", pem("root"), "--insecure")
            strictEqual(accepting.exitCode, 0)
            ok(accepting.output.includes("verdict: it is not for the name that was asked for"))
        }))

    it("raw public keys go by --rpk-pin, and --json has an event for programs", () => {
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

    it("mote gateway knows a client by the hash of its public key, and CoAP commands present certificate or key", async () => {
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

    it("mote gateway with a certificate of its own wants to know whom it believes", async () => {
        const gateway = new Running(mote("gateway", "--cert", pem("server"), "--key", key("server")))
        strictEqual(await ended(gateway), 2)
        ok(/--ca or --rpk-pin is needed/.test(gateway.output), gateway.output)
    })

    const wrong: [string, string[], RegExp][] = [
        ["a file that is not there", ["--ca", "nowhere.pem"], /--ca: cannot read nowhere\.pem \(ENOENT\)/],
        ["a certificate without key", ["--cert", pem("client")], /--cert: a certificate with its private key/],
        ["a pin that is none", ["--rpk-pin", "abc"], /--rpk-pin: 64 hex digits/],
    ]
    for (const [what, args, message] of wrong)
        it(`${what} is wrong usage, with a sentence that says what is needed`, async () => {
            const client = await say("127.0.0.1:9", ...args)
            strictEqual(client.exitCode, 2)
            ok(message.test(client.output), client.output)
        })
})
