import { notDeepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict"
import { setTimeout } from "node:timers/promises"
import { TlsChannelBindingType } from "../../../../src/gio/enums.js"
import { connect } from "../../../../src/platform/node/connect/connect.js"
import { listen } from "../../../../src/platform/node/connect/listen.js"
import { type PskMode } from "../../../../src/platform/node/connect/options.js"
import { type Version } from "../../../../src/platform/node/connect/versions.js"
import { type DtlsSocket } from "../../../../src/platform/node/connect/dtls-socket.js"
import { type GroupName } from "../../../../src/platform/node/connect/groups.js"

const { EXPORTER, UNIQUE } = TlsChannelBindingType

const psk = { identity: "sensor1", key: Buffer.from("000102030405060708090a0b0c0d0e0f", "hex") }

/** DTLS_1_2 is GIO's number; GIO does not define the next one yet. */
const NUMBERS = { "1.2": 202, "1.3": 203 }

async function greet(client: DtlsSocket, server: DtlsSocket): Promise<string | undefined> {
    await client.send("hello")
    return (await server.receive())?.toString()
}

describe("versions on one port", () => {
    it("a server of 1.2 and 1.3 picks the newest one that a client offers; both carry messages and have tls-exporter, 1.2 alone tls-unique", async () => {
        const server = await listen(0, { psk, maxVersion: "1.3" }, "127.0.0.1")
        try {
            for (const version of ["1.2", "1.3"] satisfies Version[]) {
                const client = await connect("127.0.0.1", server.port, { psk, minVersion: version })
                const accepted = await server.accept()
                strictEqual(client.dtls.getProtocolVersion(), NUMBERS[version])
                strictEqual(await greet(client, accepted), "hello")
                const bindings = [client, accepted].map(({ dtls }) => dtls.getBindingData(EXPORTER).toString("hex"))
                strictEqual(bindings[0], bindings[1])
                if (version === "1.3") throws(() => client.dtls.getBindingData(UNIQUE), /DTLS 1.3 has no tls-unique/)
                else strictEqual(client.dtls.getBindingData(UNIQUE).length, 12)
                await client.close()
            }
        } finally {
            await server.close()
        }
    })

    it("a client of both continues with a server's only version, or with the newer of both", async () => {
        for (const versions of [
            { minVersion: "1.2" as const },
            { minVersion: "1.3" as const },
            { maxVersion: "1.3" as const },
        ]) {
            const server = await listen(0, { psk, ...versions }, "127.0.0.1")
            try {
                const client = await connect("127.0.0.1", server.port, { psk, maxVersion: "1.3" })
                const accepted = await server.accept()
                const version = versions.minVersion ?? versions.maxVersion
                strictEqual(client.dtls.getProtocolVersion(), NUMBERS[version])
                strictEqual(accepted.negotiated.version, `DTLSv${version}`)
                strictEqual(await greet(client, accepted), "hello")
                await client.close()
            } finally {
                await server.close()
            }
        }
    })

    it("a client of both resumes its session with a server of 1.2", async () => {
        const server = await listen(0, { psk, sessions: true }, "127.0.0.1")
        try {
            let session: Uint8Array | true = true
            for (const isResumed of [false, true]) {
                const client: DtlsSocket = await connect("127.0.0.1", server.port, { psk, maxVersion: "1.3", session })
                strictEqual(client.dtls.getAssociation()?.parameters.resumed, isResumed)
                strictEqual(await greet(client, await server.accept()), "hello")
                session = client.getSession()!
                await client.close()
            }
        } finally {
            await server.close()
        }
    })

    it("a server with connection ids uses them with clients of both versions that support them", async () => {
        const server = await listen(0, { psk, maxVersion: "1.3", connectionId: 8 }, "127.0.0.1")
        try {
            for (const version of ["1.2", "1.3"] satisfies Version[])
                for (const connectionId of [undefined, 0, 3]) {
                    const client = await connect("127.0.0.1", server.port, { psk, minVersion: version, connectionId })
                    strictEqual(await greet(client, await server.accept()), "hello")
                    const { negotiated } = client
                    strictEqual(negotiated.version, `DTLSv${version}`)
                    strictEqual(negotiated.connectionIds?.local.length, connectionId)
                    strictEqual(negotiated.connectionIds?.remote.length, connectionId === undefined ? undefined : 8)
                    await client.close()
                }
        } finally {
            await server.close()
        }
    })

    it("a client of 1.3 that is at a new address continues with an id that was not seen on the old path", async () => {
        const options = { psk, minVersion: "1.3" as const, connectionId: 8 }
        const server = await listen(0, options, "127.0.0.1")
        try {
            const client = await connect("127.0.0.1", server.port, { ...options, spareConnectionIds: 2 })
            const accepted = await server.accept()
            strictEqual(await greet(client, accepted), "hello")
            const before = client.negotiated.connectionIds?.remote
            // Spare ids arrive soon after the handshake.
            for (let tries = 0; !client.useNewPath() && tries < 200; tries++) await setTimeout(10)
            strictEqual(await greet(client, accepted), "hello")
            notDeepStrictEqual(client.negotiated.connectionIds?.remote, before)
            await client.close()
        } finally {
            await server.close()
        }
    })

    it("a server of 1.3 only refuses a client of 1.2 with protocol_version", async () => {
        const server = await listen(0, { psk, minVersion: "1.3" }, "127.0.0.1")
        try {
            await rejects(connect("127.0.0.1", server.port, { psk }), /protocol.version/)
        } finally {
            await server.close()
        }
    })

    it("key exchange uses the groups that both name, X25519MLKEM768 among them", async () => {
        const hybrid = {
            psk,
            minVersion: "1.3" as const,
            pskModes: ["psk_dhe_ke" as const],
            groups: ["X25519MLKEM768" as const],
        }
        const server = await listen(0, hybrid, "127.0.0.1")
        try {
            const client = await connect("127.0.0.1", server.port, { ...hybrid, groups: ["P-256", "X25519MLKEM768"] })
            const accepted = await server.accept()
            strictEqual(await greet(client, accepted), "hello")
            await client.close()
            const other = connect("127.0.0.1", server.port, { ...hybrid, groups: ["X25519", "P-256"] })
            await rejects(other, /handshake.failure/)
        } finally {
            await server.close()
        }
    })

    it("contradictory settings are refused by name", async () => {
        await rejects(connect("127.0.0.1", 5684, { psk, minVersion: "1.1" as Version }), /minVersion/)
        await rejects(connect("127.0.0.1", 5684, { psk, minVersion: "1.3", connectionId: 256 }), /connectionId/)
        for (const options of [
            { minVersion: "1.3" as const, connectionId: 4, spareConnectionIds: 5 },
            { minVersion: "1.3" as const, spareConnectionIds: 1 },
            { connectionId: 4, spareConnectionIds: 1 },
        ])
            await rejects(connect("127.0.0.1", 5684, { psk, ...options }), /spareConnectionIds/)
        await rejects(listen(0, { psk, minVersion: "1.3", maxVersion: "1.2" }), /minVersion/)
        await rejects(listen(0, { psk, minVersion: "1.3", pskModes: [] }), /pskModes/)
        await rejects(listen(0, { psk, minVersion: "1.3", pskModes: ["psk" as PskMode] }), /pskModes/)
        await rejects(connect("127.0.0.1", 5684, { psk, pskModes: ["psk_ke"] }), /pskModes/)
        for (const options of [
            { minVersion: "1.3" as const, groups: [] },
            { minVersion: "1.3" as const, groups: ["P-384" as GroupName] },
            { minVersion: "1.3" as const, groups: ["P-256" as const, "P-256" as const] },
            { minVersion: "1.3" as const, pskModes: ["psk_ke" as const], groups: ["P-256" as const] },
            { groups: ["P-256" as const] },
        ])
            await rejects(connect("127.0.0.1", 5684, { psk, ...options }), /groups/)
    })
})
