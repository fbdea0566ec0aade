import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict"
import { temporaryFolder } from "../../../host/temporary.js"
import { SessionCache } from "../../../src/dtls/endpoint/session-cache.js"
import { StoredSession } from "../../../src/gio/stored-session.js"
import {
    connect,
    type ConnectOptions,
    type DtlsServer,
    type DtlsSocket,
    listen,
    NodeServices,
    type SessionOptions,
} from "../../../src/index.js"

const psk = { identity: "sensor1", key: Buffer.alloc(16, 5) }
const LOOPBACK = "127.0.0.1"

/** Connects, exchanges messages, and closes. @returns the connection, which still has its properties */
async function visit(server: DtlsServer, options: Partial<ConnectOptions>): Promise<DtlsSocket> {
    const client = await connect(LOOPBACK, server.port, { psk, timeout: 10000, ...options })
    const accepted = await server.accept({ timeout: 10000 })
    await client.send("up")
    strictEqual(String(await accepted.receive({ timeout: 10000 })), "up")
    // In DTLS 1.3 the session arrives after the handshake, before this message.
    await accepted.send("down")
    strictEqual(String(await client.receive({ timeout: 10000 })), "down")
    strictEqual(accepted.isSessionReused(), client.isSessionReused())
    await client.close()
    return client
}

async function withServer(
    sessions: SessionOptions | true | undefined,
    use: (server: DtlsServer) => Promise<void>,
): Promise<void> {
    await using server = await listen(0, { psk, sessions }, LOOPBACK)
    await use(server)
}

describe("connect and listen: sessions", () => {
    for (const [name, tickets] of [
        ["ticket", true],
        ["session id", false],
    ] as const)
        it(`what getSession returns is resumed by ${name} when it is the option session`, async () => {
            await withServer({ tickets }, async (server) => {
                const first = await visit(server, { session: true })
                strictEqual(first.isSessionReused(), false)
                const second = await visit(server, { session: first.getSession() })
                strictEqual(second.isSessionReused(), true)
                strictEqual((await visit(server, { session: second.getSession() })).isSessionReused(), true)
            })
        })

    for (const [what, version, tickets] of [
        ["in DTLS 1.3 by ticket", { minVersion: "1.3" }, true],
        ["in DTLS 1.3 by a ticket that names a session of the cache", { minVersion: "1.3" }, false],
        ["by a client of both versions", { maxVersion: "1.3" }, true],
    ] as const)
        it(`what getSession returns is resumed ${what}`, async () => {
            await using server = await listen(0, { psk, maxVersion: "1.3", sessions: { tickets } }, LOOPBACK)
            let session: Uint8Array | true | undefined = true
            for (const resumed of [false, true, true]) {
                const client: DtlsSocket = await visit(server, { ...version, session })
                strictEqual(client.isSessionReused(), resumed)
                strictEqual(client.negotiated.version, "DTLSv1.3")
                session = client.getSession()
            }
        })

    it("a client of both versions stores a session of each, and offers one to a server of that version only", async () => {
        const sessions = new SessionCache(new NodeServices(), 10)
        const ticketKeys = [Buffer.alloc(32, 1)]
        const both = { maxVersion: "1.3", sessions } as const
        let port = 0
        for (const [version, resumed] of [
            ["1.2", false],
            ["1.3", false],
            ["1.3", true],
            ["1.2", true],
        ] as const) {
            await using server = await listen(port, { psk, maxVersion: version, sessions: { ticketKeys } }, LOOPBACK)
            port = server.port
            const client = await visit(server, both)
            deepStrictEqual([client.negotiated.version, client.isSessionReused()], [`DTLSv${version}`, resumed])
        }
    })

    it("a store keeps the sessions of all servers", async () => {
        const sessions = new SessionCache(new NodeServices(), 10)
        await withServer(true, async (one) => {
            await withServer(true, async (two) => {
                for (const expected of [false, true])
                    for (const server of [one, two])
                        strictEqual((await visit(server, { sessions })).isSessionReused(), expected)
            })
        })
        strictEqual(sessions.count(), 2)
    })

    it("without the options there is no session, and a server without them issues none", async () => {
        await withServer(true, async (server) => {
            strictEqual((await visit(server, {})).getSession(), undefined)
        })
        await withServer(undefined, async (server) => {
            strictEqual((await visit(server, { session: true })).getSession(), undefined)
        })
    })

    it("servers with the same keys accept each other's tickets, until setTicketKeys", async () => {
        const ticketKeys = [Buffer.alloc(32, 1)]
        await withServer({ ticketKeys }, async (one) => {
            await withServer({ ticketKeys }, async (two) => {
                const session = (await visit(one, { session: true })).getSession()
                strictEqual((await visit(two, { session })).isSessionReused(), true)
                two.setTicketKeys([Buffer.alloc(32, 2)])
                strictEqual((await visit(two, { session })).isSessionReused(), false)
            })
        })
    })

    it("invalid session bytes lead to a full handshake", async () => {
        await withServer(true, async (server) => {
            const session = Buffer.from("no session")
            strictEqual((await visit(server, { session })).isSessionReused(), false)
            deepStrictEqual(session, Buffer.from("no session"), "the caller's bytes stay as they were")
        })
    })

    it("a session in the storage survives a restart", async () => {
        const storageFolder = temporaryFolder("session")
        await withServer(true, async (server) => {
            for (const expected of [false, true]) {
                const services = new NodeServices({ storageFolder })
                const sessions = new StoredSession(services, "session")
                await sessions.open()
                strictEqual((await visit(server, { sessions, services })).isSessionReused(), expected)
                for (let i = 0; (await services.storage.load("session")) === undefined; i++) {
                    ok(i < 100, "nothing is stored")
                    await new Promise((resolve) => setTimeout(resolve, 20))
                }
            }
        })
    })

    it("invalid options are named", async () => {
        const code = "ERR_DTLS_INVALID_ARGUMENT"
        const sessions = new SessionCache(new NodeServices(), 1)
        const wrong: [string, object][] = [
            ["session", { session: "text" }],
            ["session", { session: true, sessions }],
            ["session", { session: true, minVersion: "1.3", pskModes: ["psk_ke"] }],
            ["sessions", { sessions: {} }],
            ["sessions", { sessions: null }],
        ]
        for (const [argument, options] of wrong)
            await rejects(connect(LOOPBACK, 1, { psk, ...options }), { code, argument }, argument)
        const wrongSessions: [string, object][] = [
            ["sessions.capacity", { capacity: -1 }],
            ["sessions.tickets", { tickets: 1 }],
            ["sessions.lifetime", { lifetime: 0 }],
            ["sessions.lifetime", { lifetime: 604800001 }],
            ["sessions.ticketKeys", { ticketKeys: [] }],
            ["sessions.ticketKeys", { ticketKeys: [Buffer.alloc(16)] }],
            ["sessions.cache", { cache: {} }],
            ["size", { size: 5 }],
        ]
        for (const [argument, given] of wrongSessions)
            await rejects(listen(0, { psk, sessions: given }, LOOPBACK), { code, argument }, argument)
        await withServer({ tickets: false }, async (server) => {
            await Promise.resolve()
            throws(() => server.setTicketKeys([Buffer.alloc(32)]), { code, argument: "sessions" })
        })
    })
})
