import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { connect, listen } from "../../../src/index.js"
import { mote } from "../../interop/process.js"

const folder = temporaryFolder("keygen")

function keygen(...args: string[]): { status: number | null; output: string } {
    const [program, ...rest] = mote("keygen", ...args) as [string, ...string[]]
    const run = spawnSync(program, rest, { cwd: root, encoding: "utf8" })
    return { status: run.status, output: run.stdout + run.stderr }
}

/** Runs the command; throws an error with its output. @returns a function that reads files of its folder */
function made(out: string, ...args: string[]): (file: string) => string {
    const { status, output } = keygen(...args, "--out", join(folder, out))
    strictEqual(status, 0, output)
    return (file) => readFileSync(join(folder, out, file), "utf8")
}

function modes(out: string): Record<string, string> {
    const names = readdirSync(join(folder, out)).sort()
    return Object.fromEntries(names.map((name) => [name, (statSync(join(folder, out, name)).mode & 0o777).toString(8)]))
}

describe("mote keygen", function () {
    this.timeout(120000)
    const ca = join(folder, "ca", "fleet-ca.pem")
    const byCa = ["--ca", ca, "--ca-key", join(folder, "ca", "fleet-ca.key")]
    const fleet = join(folder, "devices.csv")
    let authority: string
    let gateway: (file: string) => string
    let devices: (file: string) => string

    before(() => {
        authority = made("ca", "ca", "fleet-ca")("fleet-ca.pem")
        writeFileSync(fleet, "name,hosts,place\r\nsensor1,sensor1.example 2001:db8::7,roof\r\nsensor2,,cellar\r\n")
        gateway = made("gateway", "cert", "gateway", "--use", "server", "--host", "127.0.0.1", ...byCa)
        devices = made("devices", "cert", "--fleet", fleet, "--use", "client", ...byCa)
    })

    it("makes certificates for a fleet that OpenSSL verifies for their purpose and no other", () => {
        const verify = (purpose: string, file: string): number | null =>
            spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", ca, "-purpose", purpose, join(folder, file)])
                .status
        strictEqual(verify("sslclient", "devices/sensor1.pem"), 0)
        strictEqual(verify("sslserver", "devices/sensor1.pem"), 2)
        strictEqual(verify("sslserver", "gateway/gateway.pem"), 0)
        const sensor = new X509Certificate(devices("sensor1.pem"))
        deepStrictEqual([sensor.subject, sensor.issuer], ["CN=sensor1", "CN=fleet-ca"])
        strictEqual(sensor.subjectAltName, "DNS:sensor1.example, IP Address:2001:DB8:0:0:0:0:0:7")
        ok(sensor.checkPrivateKey(createPrivateKey(devices("sensor1.key"))))
        strictEqual(new X509Certificate(devices("sensor2.pem")).subjectAltName, undefined)
        const text = execFileSync("openssl", ["x509", "-in", ca, "-noout", "-text"], { encoding: "utf8" })
        ok(/CA:TRUE/.test(text) && /Certificate Sign, CRL Sign/.test(text), text)
    })

    it("makes certificates by which two sides of a connection trust each other", async () => {
        const server = await listen(
            0,
            { cert: gateway("gateway.pem"), key: gateway("gateway.key"), ca: authority, requestCert: true },
            "127.0.0.1",
        )
        const own = { cert: devices("sensor2.pem"), key: devices("sensor2.key") }
        const client = await connect("127.0.0.1", server.port, { ca: authority, ...own, timeout: 10000 })
        strictEqual((await server.accept()).peerCertificate?.getSubjectName(), "CN=sensor2")
        await client.close()
        await server.close()
    })

    it("makes private keys readable by their owner only, and prints none", () => {
        const certificate = { "sensor1.key": "600", "sensor1.pem": "644", "sensor2.key": "600", "sensor2.pem": "644" }
        deepStrictEqual(modes("devices"), certificate)
        const { output } = keygen("key", "sensor9", "--out", join(folder, "printed"))
        ok(!/PRIVATE/.test(output) && output.includes("sensor9.key"), output)
    })

    it("makes pre-shared keys in --psk-file's format, and key pairs with the pin of each", () => {
        const psk = made("psk", "psk", "a", "b")
        ok(/^a:[0-9a-f]{32}\nb:[0-9a-f]{32}\n$/.test(psk("psk.txt")))
        strictEqual(psk("a.psk") + psk("b.psk"), psk("psk.txt"))
        deepStrictEqual(modes("psk"), { "a.psk": "600", "b.psk": "600", "psk.txt": "600" })
        const keys = made("keys", "key", "a")
        const spki = createPublicKey(keys("a.pub")).export({ format: "der", type: "spki" })
        strictEqual(keys("pins.csv"), `name,sha256\na,${createHash("sha256").update(spki).digest("hex")}\n`)
    })

    it("overwrites nothing: where one of its files exists, none is written", () => {
        const { status, output } = keygen("cert", "fresh", "sensor1", "--out", join(folder, "devices"))
        strictEqual(status, 2)
        ok(/sensor1\.key is there already; nothing was written/.test(output), output)
        ok(!readdirSync(join(folder, "devices")).includes("fresh.key"))
    })

    const wrong: [string, string[], RegExp][] = [
        ["an unknown kind", ["rsa", "a"], /the kind is one of psk, key, ca, cert/],
        ["a missing name", ["key"], /a name is needed, or --fleet FILE/],
        ["a name that would leave the folder", ["key", "../a"], /files are called by it/],
        ["the same name twice", ["key", "a", "A"], /A is there twice/],
        ["a device's certificate as an authority", ["cert", "a", "--ca", "devices/sensor1.pem"], /not an authority's/],
    ]
    for (const [what, args, message] of wrong)
        it(`${what} is a usage error`, () => {
            const at = args.indexOf("--ca")
            const authorities =
                at < 0 ? [] : ["--ca", join(folder, args[at + 1]), "--ca-key", join(folder, "devices/sensor1.key")]
            const { status, output } = keygen(...args.slice(0, at < 0 ? undefined : at), ...authorities)
            strictEqual(status, 2, output)
            ok(message.test(output), output)
        })
})
