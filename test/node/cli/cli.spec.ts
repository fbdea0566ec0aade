import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { compiledMachine } from "../../../host/build/wasm.js"
import { type TraceRecord, Tracer, traceLine } from "../../../host/trace/tracer.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { connected } from "../../support/connected.js"

const KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"

function run(...args: string[]): { code: number | null; out: string; err: string } {
    const [program, ...rest] = mote(...args) as [string, ...string[]]
    const { status, stdout, stderr } = spawnSync(program, rest, {
        cwd: root,
        encoding: "utf8",
        timeout: 120000,
        input: "",
    })
    return { code: status, out: stdout, err: stderr }
}

describe("the command line", function () {
    this.timeout(180000)

    before(async function () {
        this.timeout(600000)
        // Built in advance: what a first start compiles.
        await compiledMachine()
        cachedDeviceImage("src/sensor/main.ts")
    })

    it("npm start: five readings with name, value and unit, handshake time and bytes, a summary, exit code 0, within a minute", () => {
        const { status, stdout } = spawnSync("npm", ["run", "-s", "start"], {
            cwd: root,
            encoding: "utf8",
            timeout: 60000,
        })
        strictEqual(status, 0)
        strictEqual([...stdout.matchAll(/\/readings: temperature -?\d+\.\d\d °C, humidity \d+\.\d\d %RH/g)].length, 5)
        ok(/handshake [\d.]+ ms, \d+ bytes in \d+ datagrams/.test(stdout))
        ok(/summary: 5 samples arrived/.test(stdout))
    })

    it("a first start says what it waits for; a second one has nothing to wait for", () => {
        const program = join(temporaryFolder("first-start"), "first.ts")
        // Images are cached by the program's content, so this one is new.
        writeFileSync(program, `import * as ds from "@devicescript/core"\nconsole.log("${Date.now()}")\nds.restart()\n`)
        match(run("sim", program).err, /^mote: compiling \S*first\.ts for the device, once \(about ten seconds\)$/m)
        ok(!run("sim", program).err.includes("compiling"))
    })

    it("npm start with --json prints one object per line", () => {
        const { code, out } = run("start", "--json", "--count", "2", "--interval", "0.05")
        strictEqual(code, 0)
        const events = out
            .trim()
            .split("\n")
            .map((line) => (JSON.parse(line) as { event: string }).event)
        for (const event of ["listening", "log", "readings", "done", "summary"]) ok(events.includes(event), event)
    })

    it("help has examples for every command, and exit code 0", () => {
        for (const command of ["sensor", "gateway", "client", "server", "swarm"]) {
            const { code, out } = run(command, "--help")
            strictEqual(code, 0)
            ok(/Examples\n/.test(out) && /Exit codes/.test(out), command)
        }
        strictEqual(run("--help").code, 0)
        strictEqual(run().code, 2)
    })

    it("--version prints the package's version", () => {
        const { code, out } = run("--version")
        strictEqual(code, 0)
        ok(/^\d+\.\d+\.\d+\n$/.test(out), out)
    })

    it("shell completion knows commands, options and an option's possible values", () => {
        for (const [typed, offered] of [
            [["ga"], /^gateway\t/m],
            [["client", "--prof"], /^--profile\t/m],
            [["client", "--profile", ""], /^cellular/m],
        ] as [string[], RegExp][]) {
            const { code, out } = run("complete", "--", ...typed)
            strictEqual(code, 0)
            ok(offered.test(out), out)
        }
        const script = run("completion", "bash")
        strictEqual(script.code, 0)
        ok(/complete -F/.test(script.out), script.out)
    })

    const wrong: [string, string[], RegExp][] = [
        ["an unknown command", ["fly"], /no such command; there are init/],
        ["a misspelt command", ["strat"], /no such command \(did you mean start\?\); there are/],
        ["a property name of JavaScript objects", ["constructor"], /no such command/],
        ["an unknown option", ["gateway", "--fast"], /--help/],
        ["an option without its value", ["gateway", "--psk"], /--help/],
        ["--profile without --translate hot", ["sim", "test/device/server.ts", "--profile", "p"], /--translate hot/],
        ["a body as an argument", ["put", "coaps://h/t", "21"], /takes <URI> and options: a body goes into --payload/],
        ["an argument too many", ["gateway", "5684"], /mote gateway takes no argument; see --help/],
        ["no key", ["gateway"], /a key is needed: .*mote keygen psk NAME makes one/],
        [
            "a moving swarm without connection ids",
            ["swarm", "coaps://h/t", "--psk", `a:${KEY}`, "--move", "5"],
            /--sleep and --move .* --cid 0/,
        ],
        ["a key without identity", ["gateway", "--psk", KEY], /identity:hexkey/],
        [
            "a misspelt option",
            ["gateway", "--psx", `a:${KEY}`],
            /--psx is not known \(did you mean --psk\?\); see --help/,
        ],
        ["a misspelt option with its value", ["gateway", `--psx=a:${KEY}`], /--psx is not known/],
        ["a key in place of a shell's name", ["completion", KEY], /zsh, bash/],
        ["a key of odd length", ["gateway", "--psk", "a:123"], /odd number of hex digits \(3\)/],
        ["a key that is not hexadecimal", ["gateway", "--psk", "a:xyz0"], /no hex digit/],
        ["an empty key", ["gateway", "--psk", "a:"], /the key is empty/],
        ["a missing key file", ["gateway", "--psk-file", "no-such-file"], /cannot read that file/],
        ["an unknown suite", ["gateway", "--psk", `a:${KEY}`, "--suite", "NULL"], /there are TLS_PSK_WITH/],
        [
            "an unknown group",
            ["client", "127.0.0.1", "--psk", `a:${KEY}`, "--group", "P-384"],
            /--group: X25519MLKEM768 or X25519 or P-256/,
        ],
        ["an unknown profile", ["gateway", "--psk", `a:${KEY}`, "--profile", "lora"], /wifi or cellular/],
        ["an MTU too small", ["gateway", "--psk", `a:${KEY}`, "--mtu", "100"], /from 228 to 16384/],
        ["a port too large", ["gateway", "--psk", `a:${KEY}`, "--port", "65536"], /from 0 to 65535/],
        ["an empty ALPN name", ["server", "--psk", `a:${KEY}`, "--alpn", ","], /names of 1 to 255 bytes/],
        ["no address", ["sensor", "--psk", `a:${KEY}`], /missing required argument .coaps:/],
        ["another scheme", ["sensor", "http://host/", "--psk", `a:${KEY}`], /begins with coaps:\/\//],
        ["a malformed address", ["client", "host:port", "--psk", `a:${KEY}`], /write HOST:PORT/],
        [
            "an unknown format",
            ["sensor", "coaps://h/", "--psk", `a:${KEY}`, "--format", "toString"],
            /senml, json or text/,
        ],
        ["a wait that is not a number", ["client", "h:1", "--psk", `a:${KEY}`, "--wait", "abc"], /--wait/],
    ]
    for (const [name, args, message] of wrong)
        it(`${name}: exit code 2 and a sentence`, () => {
            const { code, err } = run(...args)
            strictEqual(code, 2, err)
            ok(message.test(err), err)
            ok(!err.includes(KEY) && !/\n\s+at /.test(err))
        })

    it("a usage error with --json is an error event, too", () => {
        for (const args of [
            ["get", "--json"],
            ["get", "coaps://h/", "--psx", "a", "--json"],
        ]) {
            const { code, out, err } = run(...args)
            const { event, message } = JSON.parse(out) as { event: string; message: string }
            deepStrictEqual([code, event, err.trim()], [2, "error", `mote: ${message}`])
        }
    })

    it("never prints a key, wherever it was typed", () => {
        for (const args of [
            ["server", `a:${KEY}`],
            [`a:${KEY}`],
            ["client", `a:${KEY}`, "--psk", `b:${KEY}`],
            ["gateway", "--psk-file", `a:${KEY}`],
        ]) {
            const { out, err } = run(...args)
            ok(!`${out}${err}`.includes(KEY), args.join(" "))
        }
    })

    it("an unknown host and a refused port: exit code 1 and what to do", async () => {
        const unknown = run("client", "no-such-host.invalid:4433", "--psk", `a:${KEY}`)
        strictEqual(unknown.code, 1)
        ok(/no such host; check the name and the network/.test(unknown.err))
        const refused = run("client", `127.0.0.1:${await freePort()}`, "--psk", `a:${KEY}`)
        strictEqual(refused.code, 1)
        ok(/nothing listens at that port: check address, port and the peer/.test(refused.err), refused.err)
    })

    it("npm start gives up when nobody answers, with exit code 1 and the reason each time", async () => {
        const target = `coaps://127.0.0.1:${await freePort()}/readings`
        const { code, out, err } = run("start", target, "--psk", `a:${KEY}`, "--count", "1")
        strictEqual(code, 1)
        strictEqual(
            out.match(/nothing listens at that port: check address, port and the peer\); next attempt/g)?.length,
            3,
            out,
        )
        ok(/gives up after 3 attempts/.test(err), err)
    })

    it("distinguishes a wrong key from silence, long before the handshake's deadline", async () => {
        const port = await freePort()
        const gateway = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`))
        await untilBound(port)
        const settings = ["host=127.0.0.1", `port=${port}`, "identity=a", "key=00000000000000000000000000000000"]
        const sensor = new Running(
            mote("sim", "src/sensor/main.ts", ...settings.flatMap((setting) => ["--setting", setting])),
        )
        try {
            ok(await sensor.has("Different keys? Check PSK identity and key", 20000), sensor.output)
        } finally {
            await sensor.end()
            await gateway.end()
        }
    })

    it("the sensor in the official machine ends when it has posted", async () => {
        const port = await freePort()
        const gateway = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`))
        await untilBound(port)
        const settings = ["host=127.0.0.1", `port=${port}`, "identity=a", `key=${KEY}`, "count=1", "interval=100"]
        const { code, out } = run("sim", "--stock", ...settings.flatMap((setting) => ["--setting", setting]))
        await gateway.end()
        ok(out.includes("posted sample 1"), out)
        strictEqual(code, 0)
    })

    it("a busy port: exit code 1 and a message", async () => {
        const port = await freePort()
        const first = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`))
        await untilBound(port)
        const { code, err } = run("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`)
        await first.end()
        strictEqual(code, 1)
        ok(/port is in use/.test(err))
    })

    it("client and server talk; Ctrl-C ends the server; key log and trace are written", async () => {
        const [port, folder] = [await freePort(), temporaryFolder("cli")]
        const keys = join(folder, "keys.txt")
        writeFileSync(keys, `# sensors\n\nsensor1:${KEY}\n`)
        const server = new Running(
            mote("server", "--host", "127.0.0.1", "--port", `${port}`, "--psk-file", keys, "--echo"),
        )
        await untilBound(port)
        const log = join(folder, "keylog.txt")
        const client = new Running(
            mote("client", `127.0.0.1:${port}`, "--psk-file", keys, "--trace", "--keylog", log, "--wait", "300"),
        )
        await client.has("connected")
        client.write("there and back\n")
        ok(await client.has("there and back"))
        for (const text of [
            "flight 1: ClientHello",
            "flight 2: HelloVerifyRequest",
            "flight 3: ClientHello with cookie",
            "flight 4: ServerHello, ServerHelloDone",
            "flight 5: ClientKeyExchange, ChangeCipherSpec, Finished, protected",
            "flight 6: ChangeCipherSpec, Finished, protected",
            "ApplicationData",
        ])
            ok(client.output.includes(text), text)
        ok(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/.test(readFileSync(log, "utf8")))
        strictEqual(statSync(log).mode & 0o77, 0)
        client.endInput()
        await client.end()
        const { process: child } = server as unknown as { process: { kill(signal: string): void } }
        child.kill("SIGINT")
        await server.ended()
    })

    it("a line too large is refused with the maximum, the next one is sent, and the exit code is 1", async () => {
        const port = await freePort()
        const server = new Running(mote("server", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`))
        await untilBound(port)
        const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", `a:${KEY}`))
        await client.has("connected")
        client.write(`${"x".repeat(5000)}\n`)
        ok(await client.has("too large for DTLS connection (maximum is"))
        client.write("short\n")
        client.endInput()
        await client.ended()
        strictEqual(client.exitCode, 1)
        ok(await server.has("short"))
        await server.end()
    })
})

describe("the trace", () => {
    it("names flights and distinguishes retransmissions from new messages", () => {
        const lines: string[] = []
        const tracer = new Tracer((record) => lines.push(traceLine(record)))
        const s = connected()
        const peer = { address: "192.0.2.1", port: 5684 }
        for (const [index, datagram] of s.log.entries())
            tracer.datagram(index % 2 === 0 ? "sent" : "received", peer, datagram)
        tracer.datagram("sent", peer, s.log[4])
        tracer.datagram("received", peer, Buffer.from("rubbish"))
        tracer.datagram("received", peer, s.log[3])
        strictEqual(lines.length, 9)
        ok(lines[8]?.endsWith("flight 4: ServerHello, ServerHelloDone (again)"))
        ok(lines[5]?.includes("flight 6: ChangeCipherSpec"))
        ok(lines[6]?.endsWith("flight 5: ClientKeyExchange, ChangeCipherSpec, Finished, protected (again)"))
        ok(lines[7]?.endsWith("not DTLS"))
    })

    it("forgets the oldest peers, so that a thousand new ones do not fill its memory", () => {
        const records: TraceRecord[] = []
        const tracer = new Tracer((record) => records.push(record))
        const [hello, , cookieHello] = connected().log as [Buffer, Buffer, Buffer]
        const from = (port: number): { address: string; port: number } => ({ address: "192.0.2.1", port })
        for (let port = 1; port <= 1001; port++) tracer.datagram("received", from(port), hello)
        tracer.datagram("received", from(1001), hello)
        strictEqual(records.at(-1)?.again, true)
        tracer.datagram("received", from(1), hello)
        strictEqual(records.at(-1)?.again, false)
        // A thousand messages from one peer displace the oldest, which then count as new.
        for (let seq = 1; seq <= 1000; seq++) {
            const numbered = Buffer.from(cookieHello)
            numbered.writeUInt16BE(seq, 13 + 4)
            tracer.datagram("received", from(1), numbered)
            tracer.datagram("received", from(1), numbered)
            strictEqual(records.at(-1)?.again, true)
        }
    })
})
