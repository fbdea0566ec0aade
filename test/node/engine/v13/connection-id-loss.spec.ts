import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { ConnectionIdsV13 } from "../../../../src/dtls/handshake/v13/connection-ids.js"
import { type Simulation } from "../../../engine/simulation.js"
import { simulateV13 } from "./versions.js"

const SERVER_ID = Buffer.from("c0ffee0102030405", "hex")

/** Connected with ids of 8 bytes in the client's records, and spare ones for the client. */
function connected(spares: number): { s: Simulation; client: ConnectionIdsV13; server: ConnectionIdsV13 } {
    const s = simulateV13((ofClient, ofServer) => {
        ofClient.extensions = [new ConnectionIdsV13(ofClient.crypto, Buffer.alloc(0), spares)]
        ofServer.extensions = [new ConnectionIdsV13(ofServer.crypto, SERVER_ID, 0)]
    })
    s.connect()
    s.run(s.now + 1000)
    const [client, server] = [s.clientSettings, s.serverSettings].map(({ extensions }) => extensions[0])
    return { s, client: client as ConnectionIdsV13, server: server as ConnectionIdsV13 }
}

/** The server makes the client use another id at once. */
function renew(s: Simulation, server: ConnectionIdsV13): void {
    server.renew()
    s.server.touched(s.peer!)
}

/** Exchanges a message in each direction. */
function exchange(s: Simulation): void {
    const [ups, downs] = [s.serverMessages.length, s.clientMessages.length]
    s.clientSends("up")
    s.serverSends("down")
    s.run(s.now + 100)
    deepStrictEqual([s.serverMessages.length, s.clientMessages.length], [ups + 1, downs + 1])
}

describe("new connection ids on a lossy path", () => {
    it("[C11] the message that replaces an id is lost, or its acknowledgement, once or five times: the old id works until then", () => {
        for (const toLose of [false, true])
            for (const times of [1, 5]) {
                const { s, client, server } = connected(0)
                const old = client.remote
                let lost = 0
                s.fault = (_index, toServer) => (toServer === toLose && lost++ < times ? [] : [5])
                renew(s, server)
                s.run(s.now + 10)
                strictEqual(client.remote.equals(old), !toLose)
                s.run(s.now + 60000)
                s.fault = () => [5]
                ok(!client.remote.equals(old))
                exchange(s)
                deepStrictEqual(server.local, client.remote)
                strictEqual(s.serverAssociation().snapshot().outboxBytes, 0)
            }
    })

    it("[C11] [C13] spare ids used up while nothing comes back: the last one stays, and new ones arrive once the path is back", () => {
        const { s, client } = connected(2)
        strictEqual(client.spareCount(), 2)
        s.fault = (_index, toServer) => (toServer ? [5] : [])
        const used = [true, true, false, false].map((isSpare) => {
            strictEqual(s.client.useNewPath(), isSpare)
            s.clientSends("from a new path")
            s.run(s.now + 50)
            return client.remote.toString("hex")
        })
        deepStrictEqual(used.slice(2), [used[1], used[1]])
        strictEqual(s.serverMessages.length, 4)
        s.fault = () => [5]
        s.run(s.now + 60000)
        strictEqual(client.spareCount(), 2)
        ok(s.client.useNewPath())
        exchange(s)
        ok(!used.includes(client.remote.toString("hex")))
    })
})
