import { createHmac } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import {
    type CoapState,
    connectionIdOf,
    connectionIdsOf,
    errorText,
    type Gateway,
    type GatewayPeer,
    reserveNumbers,
    type Route,
    sharedCookies,
    wantsReservation,
} from "mote-dtls/gateway"
import { AeadAlgorithm } from "mote-dtls/engine"
import { ErrorDomain, GError, IOErrorEnum } from "mote-dtls/gio"
import { keyIn, type Wrapper } from "./associations.js"
import { type GatewayConfig, type RedisConfig } from "./config.js"
import { type Listeners } from "./listeners.js"
import { type Log, loggedPeer } from "./log.js"
import { RedisStore, type TakenAssociation } from "./redis-store.js"
import { SharedTicketKeys } from "./shared-ticket-keys.js"

/**
 * Numbers that a gateway may use before it saves again. After a crash so many numbers of its own are skipped, which costs nothing,
 * and so many records of the device are lost: few enough for the repetitions of a request.
 */
const RESERVE = { send: 1024, receive: 4 }

/** Ids that are looked for at one time, and datagrams of each that wait: whoever makes up ids costs no more than that. */
const MAX_LOOKED_FOR = 1000
const MAX_WAITING = 4

/** After how long a connection that cannot be saved is tried again, ms. */
const AGAIN = 50

type Connection = GatewayPeer["connection"]
type Address = Parameters<Gateway["inject"]>[1]

/** An association that is here, and saved in Redis. */
interface Kept {
    /** the first one of its ids, by which it is saved */
    id: string
    /** of its other ids, those that were saved */
    furtherIds: string[]
    gateway: Gateway
    peer: GatewayPeer
    /** of what was saved last */
    generation: number
    saving: Promise<void> | undefined
    /** another gateway gets it */
    isLeaving: boolean
    /** it is being handed over, with so many datagrams that wait for the outcome */
    leaving: Promise<void> | undefined
    waiting: number
}

/** Associations that go from gateway to gateway: whoever is sent a device's datagram takes its association over. */
export class SharedAssociations {
    readonly newExchange
    /** what the gateways seal tickets with */
    readonly ticketKeys: SharedTicketKeys
    private idLength: number
    /** by each of their ids */
    private kept = new Map<string, Kept>()
    private ofConnections = new Map<object, Kept>()
    /** those that end here and go on elsewhere */
    private leaving = new WeakSet<GatewayPeer>()
    /** datagrams that wait for their association, by id */
    private coming = new Map<string, { data: Buffer; from: Address }[]>()
    /** associations that are being taken in, by their first id */
    private arriving = new Map<string, Promise<void>>()
    private closing = false

    private constructor(
        private store: RedisStore,
        private wrapper: Wrapper,
        secret: Buffer,
        { connectionId, versions }: GatewayConfig,
        private log: Log,
    ) {
        this.idLength = connectionId
        this.newExchange = sharedCookies(secret, versions)
        this.ticketKeys = new SharedTicketKeys(store, wrapper)
    }

    /** Throws UsageError for the key file, GError when Redis is not there. */
    static async open(
        redis: RedisConfig,
        config: GatewayConfig,
        services: Listeners["services"],
        log: Log,
    ): Promise<SharedAssociations> {
        const key = keyIn(redis.keyFile, "redis.keyFile")
        const derived = (label: string): Buffer => createHmac("sha256", key).update(label).digest()
        const wrapper = services.crypto.newAead(AeadAlgorithm.aes256Ccm, derived("associations"))
        const ttl = config.limits.idleTimeout ?? 86400000
        const shared: { associations?: SharedAssociations } = {}
        const store = await RedisStore.open(redis, ttl, log, (id, by) => void shared.associations?.giveUp(id, by))
        shared.associations = new SharedAssociations(store, wrapper, derived("cookies"), config, log)
        return shared.associations
    }

    /** For the socket of `gateway`. */
    routeTo(gateway: () => Gateway | undefined): Route {
        return (datagram, from) => {
            const here = gateway()
            return here === undefined || this.route(here, datagram, from)
        }
    }

    private route(gateway: Gateway, data: Buffer, from: Address): boolean {
        const id = connectionIdOf(data, this.idLength)?.toString("hex")
        if (id === undefined) return true
        const kept = this.kept.get(id)
        if (kept !== undefined) {
            this.renewSoon(kept)
            if (kept.isLeaving) this.takeLater(kept, data, from)
            return !kept.isLeaving
        }
        if (gateway.knowsIdOf(data)) return true
        this.lookFor(gateway, id, data, from)
        return false
    }

    /** Once the handover is over, wherever the association is then. */
    private takeLater(kept: Kept, data: Buffer, from: Address): void {
        if (kept.waiting >= MAX_WAITING) return
        kept.waiting++
        void kept.leaving?.then(() => {
            kept.waiting--
            if (this.route(kept.gateway, data, from)) kept.gateway.inject(data, from)
        })
    }

    private lookFor(gateway: Gateway, id: string, data: Buffer, from: Address): void {
        // What is given away at the end does not come back.
        if (this.closing) return
        const waiting = this.coming.get(id)
        if (waiting === undefined && this.coming.size < MAX_LOOKED_FOR) {
            this.coming.set(id, [{ data, from }])
            void this.takeOver(gateway, id)
        } else if (waiting !== undefined && waiting.length < MAX_WAITING) waiting.push({ data, from })
    }

    private async takeOver(gateway: Gateway, id: string): Promise<void> {
        try {
            const taken = await this.store.take(id)
            if (taken !== undefined) await this.goOnOnce(gateway, taken)
        } catch (error) {
            this.log.warn(`an association of another gateway cannot go on here: ${errorText(error)}`)
        }
        const waiting = this.coming.get(id) ?? []
        this.coming.delete(id)
        const kept = this.kept.get(id)
        if (kept === undefined) return
        for (const { data, from } of waiting) gateway.inject(data, from)
        this.renewSoon(kept)
    }

    /** Datagrams with two of its ids may have come at one time. */
    private async goOnOnce(gateway: Gateway, taken: TakenAssociation): Promise<void> {
        const { id } = taken
        if (this.kept.has(id)) return
        const going = this.arriving.get(id) ?? this.goOn(gateway, taken).finally(() => this.arriving.delete(id))
        this.arriving.set(id, going)
        await going
    }

    private async goOn(gateway: Gateway, { id, generation, state, coap }: TakenAssociation): Promise<void> {
        const client = {
            association: state,
            coap: coap === "" ? undefined : (JSON.parse(coap) as CoapState),
        }
        const { connection, begin } = await gateway.takeOver(client, this.wrapper, generation)
        // Until this is safe it has no numbers: what was taken may be taken by another gateway again.
        const { saved, commit } = reserveNumbers(connection, this.wrapper, RESERVE)
        const furtherIds = furtherIdsOf(id, connectionIdsOf(connection))
        if (!(await this.store.save(id, generation, { state: saved, coap: "", furtherIds })))
            return connection.abandon()
        commit()
        const peer = await begin()
        this.findBy(furtherIds, this.keep(id, gateway, peer, generation + 1))
    }

    private keep(id: string, gateway: Gateway, peer: GatewayPeer, generation: number): Kept {
        const idle = { furtherIds: [], saving: undefined, isLeaving: false, leaving: undefined, waiting: 0 }
        const kept: Kept = { id, gateway, peer, generation, ...idle }
        this.kept.set(id, kept)
        this.ofConnections.set(peer.connection, kept)
        return kept
    }

    private findBy(furtherIds: string[], kept: Kept): void {
        for (const id of kept.furtherIds) this.kept.delete(id)
        for (const id of furtherIds) this.kept.set(id, kept)
        kept.furtherIds = furtherIds
    }

    /** A handshake is done: from now on the association is saved, where it has a connection id. */
    connected(gateway: Gateway, peer: GatewayPeer): void {
        const { connection } = peer
        const id = connection.getAssociation()?.lastingState().readId.toString("hex") ?? ""
        if (id === "" || connection.isImported) return
        void this.startSaving(this.keep(id, gateway, peer, 0))
    }

    /** A session is here no more. @returns false: it goes on elsewhere */
    ended(peer: GatewayPeer): boolean {
        if (this.leaving.has(peer)) return false
        const kept = this.ofConnections.get(peer.connection)
        if (kept === undefined) return true
        this.forget(kept)
        this.store.remove(kept.id).catch((error: unknown) => this.log.error(`redis: ${errorText(error)}`))
        return true
    }

    private forget(kept: Kept): void {
        this.findBy([], kept)
        this.kept.delete(kept.id)
        this.ofConnections.delete(kept.peer.connection)
    }

    /** Records wait until a connection is saved, or a message of DTLS 1.3 has changed what others would go on from. */
    saveWanted(connection: object | undefined): void {
        const kept = connection && this.ofConnections.get(connection)
        if (kept !== undefined) this.renewSoon(kept)
    }

    /** Resolves when a connection without numbers may have got some. */
    async moreNumbers(connection: Connection): Promise<void> {
        const kept = this.ofConnections.get(connection)
        if (kept !== undefined) {
            // Of one that leaves, too: its answers are sent first.
            this.renew(kept, true)
            await kept.saving
        }
        if (connection.getAssociation()?.record.isHeld() === true) await sleep(AGAIN)
    }

    /** Once it has taken what has come its numbers may be few. */
    private renewSoon(kept: Kept): void {
        setImmediate(() => this.renew(kept))
    }

    /** Reserves further numbers when few are left. */
    private renew(kept: Kept, evenLeaving = false): void {
        const { connection } = kept.peer
        if (kept.saving !== undefined || (kept.isLeaving && !evenLeaving) || !connection.isOpen()) return
        if (wantsReservation(connection, RESERVE)) void this.startSaving(kept)
    }

    private async startSaving(kept: Kept): Promise<void> {
        kept.saving = this.saveNext(kept)
            .catch((error: unknown) => {
                // One that has ended meanwhile, or whose device has said that it ends, need not be saved.
                if (kept.peer.connection.isOpen() && !isClosed(error))
                    this.log.error(loggedPeer(kept.peer), `it cannot be saved: ${errorText(error)}`)
            })
            .then(() => {
                kept.saving = undefined
            })
        await kept.saving
    }

    private async saveNext(kept: Kept): Promise<void> {
        const { id, peer, generation } = kept
        const { saved, commit } = reserveNumbers(peer.connection, this.wrapper, RESERVE)
        const furtherIds = furtherIdsOf(id, connectionIdsOf(peer.connection))
        if (!(await this.store.save(id, generation, { state: saved, coap: "", furtherIds }))) {
            this.log.info(loggedPeer(peer), "another gateway goes on with it, or redis has forgotten it")
            this.leave(kept)
            return peer.connection.abandon()
        }
        kept.generation = generation + 1
        // Nothing with a new one comes before that: the peer is told once it is saved.
        this.findBy(furtherIds, kept)
        if (commit()) await peer.connection.takeHeld()
        // Meanwhile records may have come, or messages that are to be saved.
        this.renewSoon(kept)
    }

    private leave(kept: Kept): void {
        kept.isLeaving = true
        this.leaving.add(kept.peer)
        this.forget(kept)
    }

    /** Another gateway wants it: it gets the exact state. @param by its name; undefined: whoever asks first */
    private async giveUp(id: string, by: string | undefined): Promise<void> {
        const kept = this.kept.get(id)
        if (kept === undefined || kept.isLeaving) return
        kept.isLeaving = true
        kept.leaving = this.handOverSoon(kept, by)
        await kept.leaving
    }

    private async handOverSoon(kept: Kept, by: string | undefined): Promise<void> {
        const { connection } = kept.peer
        try {
            await kept.saving
            // What waits for that may be a reading, or its answer.
            if (connection.getAssociation()?.savingWanted() === true) await this.startSaving(kept)
            if (!this.leaving.has(kept.peer)) await this.handOver(kept, by)
        } catch (error) {
            this.log.warn(loggedPeer(kept.peer), `it cannot be handed over: ${errorText(error)}`)
        }
    }

    private async handOver(kept: Kept, by: string | undefined): Promise<void> {
        const { id, gateway, peer } = kept
        this.leaving.add(peer)
        const client = await gateway.handOver(peer, this.wrapper)
        if (client === undefined) {
            // A request of it takes its time: the device's next datagram is another try.
            kept.isLeaving = false
            this.leaving.delete(peer)
            return this.renewSoon(kept)
        }
        this.leave(kept)
        const { association: state, coap, ids } = client
        const saved = { state, coap: JSON.stringify(coap), furtherIds: furtherIdsOf(id, ids) }
        await this.store.free(id, kept.generation, saved, by)
        this.log.info(loggedPeer(peer), by === undefined ? "goes on elsewhere" : "goes on at another gateway")
    }

    /** Everything that is here may go on elsewhere; then Redis is left. */
    async close(): Promise<void> {
        this.closing = true
        await this.store.close(
            Promise.all([...new Set(this.kept.values())].map(({ id }) => this.giveUp(id, undefined))),
        )
    }
}

/** Of a connection, not of what saves it. */
function isClosed(error: unknown): boolean {
    return error instanceof GError && error.domain === ErrorDomain.io && error.code === IOErrorEnum.CLOSED
}

function furtherIdsOf(first: string, ids: string[]): string[] {
    return ids.filter((id) => id !== first)
}
