import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import {
    connect,
    type DTLSConnectOptions,
    type DTLSEndpoint,
    type DTLSListenOptions,
    DTLSSession,
    listen,
} from "../../../src/platform/node/node-dtls/index.js"
import { TestAuthority } from "../../support/test-authority.js"

type Session = DTLSSession<DTLSEndpoint>

const host = "127.0.0.1"
const key = Buffer.alloc(16, 3)
const psk = { identity: "device", key }
const keys = { device: key }
const authority = TestAuthority.get()
const ca = authority.pem("root")
const certified = { cert: authority.pem("server"), key: authority.key("server") }

const endpoints: DTLSEndpoint[] = []

/** Listens on a free loopback port; `next` returns the sessions that arrive. */
function serving(options: Partial<DTLSListenOptions>): { endpoint: DTLSEndpoint; next: () => Promise<Session> } {
    const came: Session[] = []
    const waiting: ((session: Session) => void)[] = []
    const endpoint = listen(
        (session) => {
            const first = waiting.shift()
            if (first === undefined) came.push(session)
            else first(session)
        },
        { port: 0, host, ...options },
    )
    endpoints.push(endpoint)
    const next = async (): Promise<Session> => {
        const session = came.shift()
        return session ?? (await new Promise((resolve) => waiting.push(resolve)))
    }
    return { endpoint, next }
}

/** Both ends of an open session. */
async function pair(
    server: Partial<DTLSListenOptions>,
    client: DTLSConnectOptions,
): Promise<{ endpoint: DTLSEndpoint; ours: Session; theirs: Session }> {
    const { endpoint, next } = serving(server)
    const ours = connect(host, endpoint.address.port, client)
    await ours.opened
    return { endpoint, ours, theirs: await next() }
}

function message(session: Session): Promise<string> {
    return new Promise((resolve, reject) => {
        session.onmessage = (data) => resolve(String(data))
        session.onerror = reject
    })
}

describe("mote-dtls/node-dtls, in the shape of node:dtls", () => {
    afterEach(async () => {
        await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()))
    })

    it("listens at once, and answers pong as the example in Node's documentation does", async () => {
        const endpoint = listen(
            (session) => {
                session.onmessage = (data) => void session.send(`pong ${String(data)}`)
            },
            { psk: keys, port: 0, host },
        )
        endpoints.push(endpoint)
        ok(endpoint.address.port > 0)
        deepStrictEqual(endpoint.address, { address: host, family: "IPv4", port: endpoint.address.port })
        const session = connect(host, endpoint.address.port, { psk })
        deepStrictEqual(await session.opened, { protocol: "DTLSv1.2" })
        const answer = message(session)
        strictEqual(session.send("ping"), 4)
        strictEqual(await answer, "pong ping")
        await session.close()
        await session.closed
        strictEqual(session.destroyed, true)
    })

    it("runs the example of docs/node.md", async () => {
        const page = readFileSync(join(root, "docs", "node.md"), "utf8")
        const [, code = ""] = /```js\n(.*?)```/s.exec(page) ?? []
        const entry = pathToFileURL(join(root, "src", "platform", "node", "node-dtls", "index.ts")).href
        const told = code
            .replace('"mote-dtls/node-dtls"', `"${entry}"`)
            .replace("console.log(", "export const told = [")
        const file = join(temporaryFolder("node-dtls"), "example.mjs")
        writeFileSync(file, told.replace("String(answer))", "String(answer)]"))
        const example = (await import(pathToFileURL(file).href)) as { told: string[] }
        deepStrictEqual(example.told, ["DTLSv1.2", "pong ping"])
    })

    it("has every option that docs/node.md names, and no other", () => {
        const page = readFileSync(join(root, "docs", "node.md"), "utf8")
        for (const [call, use] of [
            ["listen", () => serving({ psk: keys, "?": 0 } as never)],
            ["connect", () => connect(host, 1, { psk, "?": 0 } as never)],
        ] as const) {
            const [, row = ""] =
                new RegExp(`^\\| \`${call}\\(.*?\\| (.*)$`, "m").exec(
                    page.slice(page.indexOf("## The shape of node:dtls")),
                ) ?? []
            const named = [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()
            throws(use, (error: Error) => {
                const [, known = ""] = /there are ([\w, ]+)/.exec(error.message) ?? []
                deepStrictEqual(known.split(", ").sort(), named)
                return true
            })
        }
    })

    it("reports what was negotiated, on both sides", async () => {
        const ciphers = "PSK-AES128-CCM8@SECLEVEL=0"
        const { endpoint, ours, theirs } = await pair(
            { psk: keys, ciphers, alpn: ["coap", "other"] },
            { psk, ciphers, alpn: Buffer.from("\x04coap", "latin1") },
        )
        for (const session of [ours, theirs]) {
            const standardName = "TLS_PSK_WITH_AES_128_CCM_8"
            deepStrictEqual(session.cipher, { name: "PSK-AES128-CCM8", standardName, version: "DTLSv1.2" })
            strictEqual(session.protocol, "DTLSv1.2")
            strictEqual(session.alpnProtocol, "coap")
            strictEqual(session.remoteAddress?.family, "IPv4")
            strictEqual(session.reused, false)
            strictEqual(session.peerCertificate, undefined)
        }
        strictEqual(ours.remoteAddress?.port, endpoint.address.port)
        strictEqual(theirs.endpoint, endpoint)
        const [a, b] = [ours, theirs].map((session) => session.exportKeyingMaterial(60, "EXPORTER-x", Buffer.from("c")))
        deepStrictEqual(a, b)
        strictEqual(a.length, 60)
    })

    it("calls onhandshake and onkeylog; handlers that are set after `opened` miss nothing", async () => {
        const { endpoint, next } = serving({ psk: (identity) => (identity === "device" ? key : undefined) })
        const ours = connect(host, endpoint.address.port, { psk: (hint) => ({ ...psk, identity: hint ?? "device" }) })
        const lines: string[] = []
        ours.onkeylog = (line) => lines.push(line)
        const protocols: string[] = []
        ours.onhandshake = (protocol) => protocols.push(protocol)
        const theirs = await next()
        theirs.send("early")
        await ours.opened
        strictEqual(await message(ours), "early")
        deepStrictEqual(protocols, ["DTLSv1.2"])
        ok(lines[0]?.startsWith("CLIENT_RANDOM "))
    })

    it("verifies certificates, with OpenSSL's codes where they are not enforced", async () => {
        const { ours } = await pair(certified, { ca })
        strictEqual(ours.authorized, true)
        strictEqual(ours.authorizationError, undefined)
        strictEqual(ours.peerX509Certificate?.toString(), ours.peerCertificate)
        ok(ours.peerCertificate?.startsWith("-----BEGIN CERTIFICATE-----"))
        const foreign = await pair(certified, { ca: authority.pem("other-root"), rejectUnauthorized: false })
        strictEqual(foreign.ours.authorized, false)
        strictEqual(foreign.ours.authorizationError, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY")
        const other = await pair(certified, { ca, rejectUnauthorized: false, servername: "wrong.example" })
        strictEqual(other.ours.authorizationError, "HOSTNAME_MISMATCH")
        const { endpoint } = serving(certified)
        await rejects(connect(host, endpoint.address.port, { ca, servername: "wrong.example" }).opened, {
            code: "ERR_DTLS_BAD_CERTIFICATE",
        })
    })

    it("serves the certificate of the requested name", async () => {
        const { ours } = await pair({ sni: { "a.example": certified, "*": certified } }, { ca })
        strictEqual(ours.authorized, true)
        throws(() => serving({ ...certified, sni: { "a.example": certified } }), { argument: "sni" })
    })

    it("resumes sessions, only on connections to the same server", async () => {
        const first = await pair({ psk: keys }, { psk })
        const { session } = first.ours
        ok(session !== undefined)
        strictEqual(first.theirs.session, undefined)
        await first.ours.close()
        const again = connect(host, first.endpoint.address.port, { psk, session })
        await again.opened
        strictEqual(again.reused, true)
        const { port } = first.endpoint.address
        throws(() => connect(host, port, { psk, session, servername: "other.example" }), { code: "ERR_INVALID_STATE" })
        throws(() => connect(host, port, { psk, session: Buffer.from(session) }), { code: "ERR_INVALID_STATE" })
    })

    it("throws on an invalid call at once, with Node's codes", async () => {
        const { endpoint, ours } = await pair({ psk: keys }, { psk })
        const { port } = endpoint.address
        throws(() => serving({ psk: keys, port }), { code: "EADDRINUSE" })
        throws(() => ours.send(Buffer.alloc(1200)), { code: "ERR_OUT_OF_RANGE" })
        strictEqual(ours.send(new Uint16Array(3).subarray(1)), 4)
        throws(() => connect(host, port, { psk }).send("too soon"), { code: "ERR_INVALID_STATE" })
        throws(() => connect("localhost", port, { psk }), { argument: "host" })
        for (const name of ["secureContext", "srtp", "maxSessionsPerHost", "reusePort", "passphrase"])
            throws(() => serving({ psk: keys, [name]: 1 }), { argument: name })
        throws(() => connect(host, port, { psk, ticketKeys: key } as DTLSConnectOptions), { argument: "ticketKeys" })
        throws(() => connect(host, port, { psk, ciphers: "ALL" }), { argument: "ciphers" })
        throws(() => connect(host, port, { psk, mtu: 200 }), { argument: "mtu" })
        throws(() => connect(host, port), { argument: "psk" })
        await ours.close()
        throws(() => ours.send("too late"), { code: "ERR_INVALID_STATE" })
    })

    it("settles opened and closed, however a session ends", async () => {
        const { endpoint } = serving({ psk: keys })
        const { port } = endpoint.address
        const closed = connect(host, port, { psk })
        await closed.close()
        await rejects(closed.opened, { code: "ERR_INVALID_STATE" })
        await closed.closed
        const destroyed = connect(host, port, { psk })
        destroyed.destroy(new Error("enough"))
        await rejects(destroyed.opened, /enough/)
        await rejects(destroyed.closed, /enough/)
        const wrong = connect(host, port, { psk: { ...psk, key: Buffer.alloc(16) }, handshakeTimeout: 300 })
        let told: unknown
        wrong.onerror = (error) => (told = error)
        await rejects(wrong.opened, (error) => error === told)
        await rejects(wrong.closed)
    })

    it("a closed endpoint notifies every session; a destroyed one notifies nobody", async () => {
        const first = await pair({ psk: keys }, { psk })
        await first.endpoint.close()
        await first.ours.closed
        await first.endpoint.closed
        const second = await pair({ psk: keys }, { psk })
        second.endpoint.destroy(new Error("gone"))
        await rejects(second.theirs.closed, /gone/)
        strictEqual(second.ours.destroyed, false)
        second.ours.destroy()
        await second.ours.closed
    })

    it("refuses more sessions than maxSessions, silently", async () => {
        const { endpoint } = await pair({ psk: keys, maxSessions: 1 }, { psk })
        await rejects(connect(host, endpoint.address.port, { psk, handshakeTimeout: 300 }).opened, {
            code: "ERR_DTLS_TIMED_OUT",
        })
    })
})
