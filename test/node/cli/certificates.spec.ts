import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { TestAuthority } from "../../support/test-authority.js"

const authority = TestAuthority.get()
const pem = (name: string): string => authority.file(name, "pem")
const key = (name: string): string => authority.file(name, "key")

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

    it("both sides show the chain and the verdict in words", () =>
        serving(["--cert", pem("server"), "--key", key("server"), "--ca", pem("root")], async (where, server) => {
            const own = ["--cert", pem("client"), "--key", key("client")]
            const client = await say(where, "--ca", pem("root"), "--server-name", "server.test", ...own)
            strictEqual(client.exitCode, 0, client.output)
            ok(client.output.includes("hello"))
            const shown = "certificate 1 of 1: CN=server.example for server.test, 127.0.0.1, issued by CN=root.example"
            ok(client.output.includes(`server: ${shown}`), client.output)
            ok(client.output.includes("server: verdict: nothing is wrong with it"))
            await server.expect("client 1: certificate 1 of 1: CN=client.example for client.test")
            await server.expect("client 1: verdict: nothing is wrong with it")
        }))

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
        const pin = (name: string): string => {
            const spki = createPublicKey(authority.pem(name)).export({ format: "der", type: "spki" })
            return createHash("sha256").update(spki).digest("hex")
        }
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
