import { strictEqual, throws } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { loadAssociation, type Reserve, saveAssociation } from "../../../../src/dtls/association/saved-association.js"
import { SavedError, type SavedErrorReason } from "../../../../src/dtls/association/saved-error.js"
import { type LaterDriver } from "../../../../src/dtls/association/v13/later-driver.js"
import { UpdateReason } from "../../../../src/dtls/association/v13/later-sender.js"
import { clientRoleV13, serverRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { SavedVersionV13 } from "../../../../src/dtls/association/v13/saved-version.js"
import { AeadAlgorithm } from "../../../../src/dtls/crypto/algorithms.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { Alpn } from "../../../../src/dtls/handshake/alpn.js"
import { ReturnRoutability } from "../../../../src/dtls/handshake/return-routability.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { ConnectionIdsV13 } from "../../../../src/dtls/handshake/v13/connection-ids.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"
import { Simulation, testSettings } from "../../../engine/simulation.js"
import { SpyCrypto } from "../../../support/spy-crypto.js"

/* Two DTLS 1.3 sides that are saved whenever they ask for it, and whose power may be cut. */

export const wrapper = new NodeCryptoProvider().newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 9))
export const clientVersions = [new SavedVersionV13(clientRoleV13())]
export const serverVersions = [new SavedVersionV13(serverRoleV13())]
export const EXACT: Reserve = { send: 0, receive: 0 }
export const BLOCK: Reserve = { send: 8, receive: 2 }

const SERVER_ID = Buffer.from("c0ffee0102030405", "hex")

export function refused(reason: SavedErrorReason, run: () => unknown): void {
    throws(run, (error: unknown) => error instanceof SavedError && error.reason === reason)
}

export interface KeptOptions {
    /** limit on records sealed with one key */
    limit?: number
    /** numbers of the peer's spare ids that client and server want */
    spares?: [number, number]
    /** length of the client's ids, bytes */
    clientId?: number
    withIds?: boolean
}

/** Lets an application act after every event. */
class WatchedSimulation extends Simulation {
    onStep: (() => unknown) | undefined

    protected override step(until: number): boolean {
        const happened = super.step(until)
        if (happened) this.onStep?.()
        return happened
    }
}

/** A client and a server whose associations are saved as an application would save them. */
export class Kept {
    readonly s: Simulation
    readonly crypto = new SpyCrypto()
    /** newest copies; undefined: that side was never saved */
    clientCopy: Buffer | undefined
    serverCopy: Buffer | undefined
    saves = 0
    /** whether a side is saved when it asks for it */
    savesItself = true

    constructor(
        private options: KeptOptions = {},
        private reserve = BLOCK,
    ) {
        const s = this.newSimulation()
        this.s = s
        s.onStep = () => this.s.peer === undefined || this.saveWanted()
    }

    settings(isClient: boolean): AssociationSettings {
        const { limit, spares = [0, 0], clientId = 0, withIds = true } = this.options
        const settings = testSettings(this.crypto)
        const suite = TLS_AES_128_CCM_SHA256()
        if (limit !== undefined) suite.aead.confidentialityLimit = limit
        settings.suites = [suite]
        const id = isClient ? Buffer.alloc(clientId, 7) : SERVER_ID
        if (withIds)
            settings.extensions = [
                new ConnectionIdsV13(this.crypto, id, spares[isClient ? 0 : 1]),
                new ReturnRoutability(),
                new Alpn(["coap"], false),
            ]
        return settings
    }

    private newSimulation(): WatchedSimulation {
        return new WatchedSimulation(this.settings(true), this.settings(false), undefined, {
            clientRole: clientRoleV13,
            newExchange: newExchangeV13(),
        })
    }

    connect(): this {
        this.s.connect()
        strictEqual(this.s.client.phase, AssociationPhase.connected)
        return this
    }

    save(association: Association, reserve = this.reserve, generation = 1): Buffer {
        const versions = association === this.s.client ? clientVersions : serverVersions
        this.saves++
        return saveAssociation(association, versions, wrapper, reserve, { generation, text: Buffer.from("note") })
    }

    load(isClient: boolean, copy: Buffer, minimumGeneration = 0): Association {
        const versions = isClient ? clientVersions : serverVersions
        return loadAssociation(this.settings(isClient), versions, wrapper, copy, minimumGeneration, this.s.now)
            .association
    }

    saveClient(): void {
        this.clientCopy = this.save(this.s.client)
        this.s.client.takeHeld(this.s.now)
        this.s.drain()
    }

    saveServer(): void {
        const association = this.s.serverAssociation()
        this.serverCopy = this.save(association)
        association.takeHeld(this.s.now)
        this.s.server.touched(this.s.peer!)
        this.s.drain()
    }

    /** The client resumes from its newest copy; its previous state is lost, as in a power cut. */
    restartClient(copy = this.clientCopy!): void {
        this.s.client = this.load(true, copy)
        this.s.clientOutputs = []
        this.saveClient()
    }

    restartServer(copy = this.serverCopy!): void {
        const { s } = this
        const from = { key: s.clientAddress, address: s.clientAddress }
        const next = this.newSimulation()
        // Replaces the endpoint and its watch; everything else in the simulation stays.
        const { server, serverWatch } = next as unknown as Record<"server" | "serverWatch", object>
        Object.assign(s, { server, serverWatch })
        const peer = s.server.adopt(this.load(false, copy), from)
        strictEqual(peer?.association.phase, AssociationPhase.connected)
        s.drain()
        strictEqual(s.peer, peer)
        this.saveServer()
    }

    /** One side updates its keys, as if its peer had asked for it. */
    updateKeys(isClient: boolean): void {
        const association = isClient ? this.s.client : this.s.serverAssociation()
        const driver = association.driver as LaterDriver
        driver.wantUpdate(UpdateReason.asked)
        if (!isClient) this.s.server.touched(this.s.peer!)
    }

    /** Advances time, and saves sides that ask for it. */
    run(time: number): void {
        const end = this.s.now + time
        do this.s.run(end)
        while (this.saveWanted())
        this.s.now = end
    }

    private saveWanted(): boolean {
        const { saves } = this
        const wants = (one: Association): boolean =>
            this.savesItself && one.phase === AssociationPhase.connected && one.savingWanted()
        if (wants(this.s.client)) this.saveClient()
        if (wants(this.s.serverAssociation())) this.saveServer()
        return this.saves > saves
    }

    /** After a power cut the reserved numbers count as received, so these messages may be lost. */
    skip(): void {
        for (let i = 0; i < this.reserve.receive; i++) this.exchange("skipped")
    }

    /** Messages that have to arrive. */
    messages(): { up: string[]; down: string[] } {
        const { serverMessages, clientMessages } = this.s
        const [up, down] = [serverMessages, clientMessages].map((all) => all.filter((one) => !one.startsWith("skip")))
        return { up, down }
    }

    /** Sends a message in each direction, saving if no number is left. */
    exchange(what = "hello"): void {
        this.up(`${what} up`)
        this.down(`${what} down`)
    }

    up(text: string): void {
        const { client } = this.s
        if (client.record.isHeld()) this.saveClient()
        this.s.clientSends(text)
        this.run(30)
    }

    down(text: string): void {
        const server = this.s.serverAssociation()
        if (server.record.isHeld()) this.saveServer()
        this.s.serverSends(text)
        this.run(30)
    }

    /** Epochs in which the client reads and writes, then the server's. */
    epochs(): number[] {
        return [this.s.client, this.s.serverAssociation()].flatMap((one) => {
            const { readEpoch, writeEpoch } = one.snapshot()
            return [readEpoch, writeEpoch]
        })
    }

    /** Checks that no nonce was used twice. */
    checkNonces(): void {
        strictEqual(new Set(this.crypto.nonces).size, this.crypto.nonces.length)
    }
}
