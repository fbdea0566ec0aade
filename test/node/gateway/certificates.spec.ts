import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
import { CoapCode, codeText } from "../../../src/coap/code-points.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { type ConnectOptions } from "../../../src/platform/node/connect/options.js"
import { freePort } from "../../interop/process.js"
import { type RunningGateway, type TestDevice, withGateway } from "../../support/running-gateway.js"
import { TestAuthority } from "../../support/test-authority.js"

const authority = TestAuthority.get()
// An alert in the server's first flight takes effect at the next timeout.
const retransmission = { ...wifi(), initial: 100 }
const server = { ca: authority.pem("root"), servername: "server.test", retransmission }

/** SHA-256 of the public key in a certificate of `authority`. */
function hashOf(name: string): string {
    const spki = createPublicKey(authority.pem(name)).export({ format: "der", type: "spki" })
    return createHash("sha256").update(spki).digest("hex")
}

describe("mote-gateway with certificates", () => {
    let gateway: RunningGateway
    const certificates = {
        cert: ["gateway.pem"],
        key: ["gateway.key"],
        ca: ["root.pem"],
        rpkPin: [hashOf("for-clients")],
    }

    withGateway((fresh) => {
        gateway = fresh
        gateway.write("gateway.pem", authority.pem("server"))
        gateway.write("gateway.key", authority.key("server"))
        gateway.write("root.pem", authority.pem("root"))
    })

    /** A device with a certificate of `authority`. */
    const certified = (name: string, more: Partial<ConnectOptions> = {}): Promise<TestDevice> =>
        gateway.connect({ ...server, cert: authority.pem(name), key: authority.key(name), ...more })

    /** A device with a raw public key. */
    const withRawKey = (name: string): Promise<TestDevice> => gateway.connect({ ...server, key: authority.key(name) })

    it("identifies a device by the SHA-256 of its public key, in a certificate or raw: its paths are its own", async () => {
        await gateway.start({
            certificates,
            alpn: ["coap"],
            acknowledge: "stored",
            sinks: { files: [{ path: "out" }] },
        })
        const [one, psk] = [await certified("client", { protocols: ["coap"] }), await gateway.device("one")]
        strictEqual(one.connection.negotiated.protocol, "coap")
        strictEqual(await one.post("/t", "21.5"), "2.01")
        strictEqual(await psk.post("/t", "0"), "4.03")
        const raw = await withRawKey("for-clients")
        strictEqual(await raw.post("/t", "0"), "4.03")
        strictEqual(await raw.post("/raw", "1"), "2.01")
        strictEqual(await one.get("/raw"), "2.05 1")
        // The same key in another session, and in a certificate instead of as a raw public key.
        strictEqual(await (await certified("client")).post("/t", "22"), "2.04")
        strictEqual(await (await certified("for-clients")).post("/raw", "2"), "2.04")
        const identities = gateway.lines("out").map(({ identity }) => identity)
        deepStrictEqual(identities, ["client", "for-clients", "client", "for-clients"].map(hashOf))
    })

    it("grants rights to that hash, from a device's file or by {identity}", async () => {
        const [free, bound] = [hashOf("client"), hashOf("for-clients")]
        gateway.write("devices/bound.json", { identity: bound, read: [], write: ["/bound"] })
        const rights = { write: ["/sensors/{identity}"] }
        await gateway.start({ certificates, credentials: { directory: "devices" }, rights })
        const one = await certified("client")
        strictEqual(await one.post(`/sensors/${free}`, "1"), "2.01")
        strictEqual(await one.post(`/sensors/${bound}`, "1"), "4.03")
        const two = await withRawKey("for-clients")
        strictEqual(await two.post("/bound", "1"), "2.01")
        strictEqual(codeText((await two.request(CoapCode.GET, "/bound")).code), "4.03")
    })

    it("refuses a device of another authority, an unknown raw public key, and one that presents nothing", async () => {
        await gateway.start({ certificates, credentials: undefined })
        await rejects(certified("other-client"), /unknown_ca/)
        await rejects(withRawKey("client"), /unknown_ca/)
        await rejects(gateway.connect(server), /handshake_failure/)
    })

    it("keeps sessions with their identity over a restart, without a handshake", async () => {
        const associations = { file: "saved", keyFile: "saved.key" }
        const listen = [{ host: "127.0.0.1", port: await freePort() }]
        await gateway.start({ listen, certificates, associations, rights: { write: ["/{identity}"] } })
        const devices: [TestDevice, string][] = [
            [await certified("client"), hashOf("client")],
            [await withRawKey("for-clients"), hashOf("for-clients")],
        ]
        for (const [device, identity] of devices) strictEqual(await device.post(`/${identity}`, "1"), "2.01")
        await gateway.restart()
        await gateway.expectLogged("2 sessions of the run before go on without a handshake")
        for (const [device, identity] of devices) strictEqual(await device.post(`/${identity}`, "2"), "2.01")
    })

    it("uses a new certificate and new authorities when it reloads its files, and closes a session whose pin was removed", async () => {
        await gateway.start({ certificates })
        const [one, raw] = [await certified("client"), await withRawKey("for-clients")]
        gateway.write("gateway.pem", authority.pem("rsa"))
        gateway.write("gateway.key", authority.key("rsa"))
        gateway.write("root.pem", authority.pem("other-root"))
        gateway.configure({ certificates: { ...certificates, rpkPin: [] } })
        strictEqual(await gateway.service.reload(), true)
        strictEqual(await raw.connection.receive(), undefined)
        strictEqual(await one.post("/t", "1"), "2.01")
        const other = await certified("other-client")
        strictEqual(other.connection.negotiated.suite, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
        await rejects(certified("client"), /unknown_ca/)
    })

    const wrong: [string, object, RegExp][] = [
        [
            "neither authority nor pin",
            { certificates: { cert: ["gateway.pem"] } },
            /:\d+:\d+: certificates: ca or rpkPin/,
        ],
        ["no certificate of its own", { certificates: { ca: ["root.pem"] } }, /:\d+:\d+: certificates: cert and key/],
        ["no credentials at all", { credentials: undefined }, /credentials or certificates are missing/],
        ["a malformed pin", { certificates: { ...certificates, rpkPin: ["ab"] } }, /rpkPin\[0\]: SHA-256/],
        [
            "a missing file",
            { certificates: { ...certificates, ca: ["none.pem"] } },
            /certificates\.ca: cannot read .*none\.pem \(ENOENT\)/,
        ],
        [
            "a key of another certificate",
            { certificates: { ...certificates, cert: ["root.pem"] } },
            /certificates\.cert: a certificate with its private key/,
        ],
    ]
    for (const [what, config, message] of wrong)
        it(`refuses a configuration with ${what}`, async () => {
            await rejects(gateway.start(config), message)
        })
})
