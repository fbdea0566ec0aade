import { ok, strictEqual, throws } from "node:assert/strict"
import { type ConnectionOptions, settingsOf, versionsOf } from "../../../host/cli/options.js"
import { describeDatagram } from "../../../host/trace/datagram-text.js"
import { EnhancedReturnRoutability } from "../../../src/dtls/handshake/return-routability.js"
import { type KeyShareExtension } from "../../../src/dtls/handshake/v13/key-share-extension.js"
import { NamedGroup } from "../../../src/dtls/wire/code-points.js"
import { PRE_SHARED_KEY } from "../../../src/dtls/wire/v13/code-points.js"
import { DEFAULT_PATH_BUDGET } from "../../../src/gio/settings.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { type GroupName } from "../../../src/platform/node/connect/groups.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { simulateV13 } from "../engine/v13/versions.js"

const KEY = "sensor1:000102030405060708090a0b0c0d0e0f"

function optionsOf(given: Partial<ConnectionOptions>): ConnectionOptions {
    return { psk: [KEY], mtu: DEFAULT_PATH_BUDGET, ...given }
}

describe("--min-version and --max-version", function () {
    this.timeout(60000)

    it("set the versions that are spoken, and decide about suites, key shares and how ClientHellos are accepted", () => {
        for (const [given, older, newer] of [
            [{}, true, false],
            [{ maxVersion: "1.3" }, true, true],
            [{ minVersion: "1.3" }, false, true],
        ] as [Partial<ConnectionOptions>, boolean, boolean][]) {
            const { suites, extensions, newExchange } = settingsOf(optionsOf(given), "server")
            const names = suites.map(({ name }) => name)
            strictEqual(names.includes("TLS_PSK_WITH_AES_128_CCM_8"), older)
            strictEqual(names.includes("TLS_AES_128_CCM_SHA256"), newer)
            ok(!names.includes("TLS_AES_128_CCM_8_SHA256"), "CCM_8 of 1.3 only where it is named")
            strictEqual(extensions.length, newer ? 1 : 0)
            strictEqual(newExchange !== undefined, newer)
        }
        const { suites } = settingsOf(optionsOf({ minVersion: "1.3", suite: ["TLS_AES_128_CCM_8_SHA256"] }), "client")
        strictEqual(suites.length, 1)
    })

    it("refuse contradictions, and what only DTLS 1.2 has, by the option's name", () => {
        throws(() => versionsOf(optionsOf({ minVersion: "1.3", maxVersion: "1.2" })), /--min-version/)
        for (const [given, name] of [
            [{ maxFragment: "512" }, /--max-fragment/],
            [{ suite: ["TLS_PSK_WITH_AES_128_CCM_8"] }, /--suite/],
            [{ returnRoutability: "enhanced" }, /--return-routability: needs --cid/],
            [{ importContext: "a" }, /--import-context: needs --import-psk/],
            [{ minVersion: "1.2", maxVersion: "1.3", importPsk: "SHA-256" }, /--import-psk: needs --min-version 1.3/],
        ] as [Partial<ConnectionOptions>, RegExp][])
            throws(() => settingsOf(optionsOf({ minVersion: "1.3", ...given }), "client"), name)
    })

    it("combine with --import-psk, and --cid with --return-routability, as the hello's offer shows", () => {
        const { extensions } = settingsOf(
            optionsOf({ minVersion: "1.3", cid: 0, returnRoutability: "enhanced", importPsk: "SHA-384" }),
            "client",
        )
        const made = extensions.map((extension) => extension(new NodeCryptoProvider()))
        ok(made.some((extension) => extension instanceof EnhancedReturnRoutability))
        ok(made.some(({ type }) => type === PRE_SHARED_KEY))
    })

    it("combine with --group, which names the key share of the first hello", () => {
        const shares = (group: GroupName[]): number => {
            const { extensions } = settingsOf(optionsOf({ minVersion: "1.3", group }), "client")
            return (extensions[0](new NodeCryptoProvider()) as KeyShareExtension).firstGroup()
        }
        strictEqual(shares(["P-256", "X25519MLKEM768"]), NamedGroup.secp256r1)
        strictEqual(shares(["X25519MLKEM768", "X25519"]), NamedGroup.x25519MlKem768)
        throws(() => settingsOf(optionsOf({ group: ["P-256"] }), "client"), /--group/)
    })

    it("a client of both versions and a server of 1.3 talk, and say so", async () => {
        const port = await freePort()
        const server = new Running(
            mote("server", "--host", "127.0.0.1", "--port", `${port}`, "--psk", KEY, "--min-version", "1.3", "--echo"),
        )
        try {
            await untilBound(port)
            const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", KEY, "--max-version", "1.3"))
            await client.expect("connected: DTLS 1.3, TLS_AES_128_GCM_SHA256", 20000)
            client.write("hello\n")
            await client.expect("hello", 20000)
            await client.end()
            await server.expect("client 1 connected: DTLS 1.3, TLS_AES_128_GCM_SHA256", 20000)
        } finally {
            await server.end()
        }
    })
})

describe("the trace of DTLS 1.3", () => {
    it("names what is readable, and the handshake's protected records by their epoch", () => {
        const s = simulateV13()
        s.connect()
        const parts = s.log.map((datagram) => describeDatagram(datagram).parts)
        strictEqual(parts[0][0], "ClientHello")
        strictEqual(parts[1][0], "HelloRetryRequest")
        strictEqual(parts[2][0], "ClientHello with cookie")
        strictEqual(parts[3][0], "ServerHello")
        ok(parts[3][1].startsWith("handshake record, protected, "), parts[3][1])
        ok(parts.at(-1)![0].startsWith("record, protected, "), parts.at(-1)![0])
    })
})
