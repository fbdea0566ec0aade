import { createHmac } from "node:crypto"
import {
    type CoapState,
    errorText,
    type Gateway,
    type GatewayPeer,
    type HandedOver,
    readsLeft,
    reserveNumbers,
    type Route,
    sharedCookies,
    writesLeft,
} from "mote-dtls/gateway"
import { AeadAlgorithm } from "mote-dtls/engine"
import { keyIn, type Wrapper } from "./associations.js"
import { type GatewayConfig, type RedisConfig } from "./config.js"
import { type Listeners } from "./listeners.js"
import { type Log, loggedPeer } from "./log.js"
import { RedisStore, type TakenAssociation } from "./redis-store.js"

/**
 * Numbers that a gateway may use before it saves again. After a crash so many numbers of its own are skipped, which costs nothing,
 * and so many records of the device are lost: few enough for the repetitions of a request.
 */
const RESERVE = { send: 1024, receive: 4 }

/** Where a connection id begins in a record (RFC 9146 §4), and the type of such a record. */
const ID_AT = 11
const TLS12_CID = 25

/** Ids that are looked for at one time, and datagrams of each that wait: whoever makes up ids costs no more than that. */
const MAX_LOOKED_FOR = 1000
const MAX_WAITING = 4

type Address = Parameters<Gateway["inject"]>[1]
type Connection = GatewayPeer["connection"]

/** An association that is here, and saved in Redis. */
interface Kept {
    id: string
    gateway: Gateway
    peer: GatewayPeer
    /** of what was saved last */
    generation: number
    saving: Promise<void> | undefined
    /** another gateway gets it */
    isLeaving: boolean
}

/** Associations that go from gateway to gateway: whoever is sent a device's datagram takes its association over. */
export class SharedAssociations {
    readonly newExchange
    private kept = new Map<string, Kept>()
    private ofPeers = new Map<GatewayPeer, Kept>()
    /** those that end here and go on elsewhere */
    private leaving = new WeakSet<GatewayPeer>()
    /** datagrams that wait for their association, by id */
    private coming = new Map<string, { data: Buffer; from: Address }[]>()

    private constructor(
        private store: RedisStore,
        private wrapper: Wrapper,
        secret: Buffer,
        private idLength: number,
        private log: Log,
    ) {
        this.newExchange = sharedCookies(secret)
    }

    /** Throws UsageError for the key file, GError when Redis is not there. */
    static async open(
        redis: RedisConfig,
        { connectionId, limits }: GatewayConfig,
        services: Listeners["services"],
        log: Log,
    ): Promise<SharedAssociations> {
        const key = keyIn(redis.keyFile, "redis.keyFile")
        const derived = (label: string): Buffer => createHmac("sha256", key).update(label).digest()
        const wrapper = services.crypto.newAead(AeadAlgorithm.aes256Ccm, derived("associations"))
        const ttl = limits.idleTimeout ?? 86400000
        const shared: { associations?: SharedAssociations } = {}
        const store = await RedisStore.open(redis, ttl, log, (id, by) => void shared.associations?.giveUp(id, by))
        shared.associations = new SharedAssociations(store, wrapper, derived("cookies"), connectionId, log)
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
        const end = ID_AT + this.idLength
        if (data[0] !== TLS12_CID || data.length < end) return true
        const id = data.subarray(ID_AT, end).toString("hex")
        const kept = this.kept.get(id)
        if (kept !== undefined) {
            // Once it has taken the datagram its numbers may be few.
            setImmediate(() => this.renew(kept))
            return !kept.isLeaving
        }
        if (gateway.knowsIdOf(data)) return true
        this.lookFor(gateway, id, data, from)
        return false
    }

    private lookFor(gateway: Gateway, id: string, data: Buffer, from: Address): void {
        const waiting = this.coming.get(id)
        if (waiting === undefined && this.coming.size < MAX_LOOKED_FOR) {
            this.coming.set(id, [{ data, from }])
            void this.takeOver(gateway, id)
        } else if (waiting !== undefined && waiting.length < MAX_WAITING) waiting.push({ data, from })
    }

    private async takeOver(gateway: Gateway, id: string): Promise<void> {
        try {
            const taken = await this.store.take(id)
            if (taken !== undefined) await this.goOn(gateway, id, taken)
        } catch (error) {
            this.log.warn(`an association of another gateway cannot go on here: ${errorText(error)}`)
        }
        const waiting = this.coming.get(id) ?? []
        this.coming.delete(id)
        if (this.kept.has(id)) for (const { data, from } of waiting) gateway.inject(data, from)
    }

    private async goOn(gateway: Gateway, id: string, { generation, state, coap }: TakenAssociation): Promise<void> {
        const client: HandedOver = {
            association: state,
            coap: coap === "" ? undefined : (JSON.parse(coap) as CoapState),
        }
        const { connection, begin } = await gateway.takeOver(client, this.wrapper, generation)
        // Until this is safe it has no numbers: what was taken may be taken by another gateway again.
        if (!(await this.save(id, generation, connection))) return connection.abandon()
        const peer = await begin()
        this.keep({ id, gateway, peer, generation: generation + 1, saving: undefined, isLeaving: false })
    }

    private keep(kept: Kept): void {
        this.kept.set(kept.id, kept)
        this.ofPeers.set(kept.peer, kept)
    }

    /** A handshake is done: from now on the association is saved, where it has a connection id. */
    connected(gateway: Gateway, peer: GatewayPeer): void {
        const { connection } = peer
        const id = connection.getAssociation()?.lastingState().readId.toString("hex") ?? ""
        if (id === "" || connection.isImported) return
        const kept: Kept = { id, gateway, peer, generation: 0, saving: undefined, isLeaving: false }
        this.keep(kept)
        this.startSaving(kept)
    }

    /** A session is here no more. @returns false: it goes on elsewhere */
    ended(peer: GatewayPeer): boolean {
        if (this.leaving.has(peer)) return false
        const kept = this.ofPeers.get(peer)
        if (kept === undefined) return true
        this.forget(kept)
        this.store.remove(kept.id).catch((error: unknown) => this.log.error(`redis: ${errorText(error)}`))
        return true
    }

    private forget(kept: Kept): void {
        this.kept.delete(kept.id)
        this.ofPeers.delete(kept.peer)
    }

    /** Reserves further numbers when few are left. */
    private renew(kept: Kept): void {
        const { connection } = kept.peer
        const isLow = readsLeft(connection) <= RESERVE.receive / 2 || writesLeft(connection) <= RESERVE.send / 2
        if (isLow && kept.saving === undefined && !kept.isLeaving && connection.isOpen()) this.startSaving(kept)
    }

    private startSaving(kept: Kept): void {
        kept.saving = this.saveNext(kept)
            .catch((error: unknown) => {
                // One that has ended meanwhile need not be saved.
                if (kept.peer.connection.isOpen())
                    this.log.error(loggedPeer(kept.peer), `it cannot be saved: ${errorText(error)}`)
            })
            .then(() => {
                kept.saving = undefined
            })
    }

    private async saveNext(kept: Kept): Promise<void> {
        const { id, peer, generation } = kept
        if (await this.save(id, generation, peer.connection)) {
            kept.generation = generation + 1
            await peer.connection.takeHeld()
            // Records may have come while it was saved.
            setImmediate(() => this.renew(kept))
            return
        }
        this.log.info(loggedPeer(peer), "another gateway goes on with it, or redis has forgotten it")
        this.leave(kept)
        peer.connection.abandon()
    }

    private leave(kept: Kept): void {
        kept.isLeaving = true
        this.leaving.add(kept.peer)
        this.forget(kept)
    }

    /** @returns false: it is not this gateway's any more, and has no further numbers */
    private async save(id: string, generation: number, connection: Connection): Promise<boolean> {
        const { saved, commit } = reserveNumbers(connection, this.wrapper, RESERVE)
        if (!(await this.store.save(id, generation, saved))) return false
        commit()
        return true
    }

    /** Another gateway wants it: it gets the exact state. @param by its name; undefined: whoever asks first */
    private async giveUp(id: string, by: string | undefined): Promise<void> {
        const kept = this.kept.get(id)
        if (kept === undefined || kept.isLeaving) return
        kept.isLeaving = true
        try {
            await kept.saving
            await this.handOver(kept, by)
        } catch (error) {
            this.log.warn(loggedPeer(kept.peer), `it cannot be handed over: ${errorText(error)}`)
        }
    }

    private async handOver(kept: Kept, by: string | undefined): Promise<void> {
        const { id, gateway, peer, generation } = kept
        this.leaving.add(peer)
        const client = await gateway.handOver(peer, this.wrapper)
        if (client === undefined) {
            // A request of it takes its time: the device's next datagram is another try.
            kept.isLeaving = false
            this.leaving.delete(peer)
            return
        }
        this.leave(kept)
        await this.store.free(id, generation, client.association, JSON.stringify(client.coap), by)
        this.log.info(loggedPeer(peer), by === undefined ? "goes on elsewhere" : "goes on at another gateway")
    }

    /** Everything that is here may go on elsewhere; then Redis is left. */
    async close(): Promise<void> {
        await this.store.close(Promise.all([...this.kept.keys()].map((id) => this.giveUp(id, undefined))))
    }
}
