/* Live associations that outlive their program: docs/sleeping-sensors.md. */
import { type Reserve } from "../../../dtls/association/saved-association.js"
import { AeadAlgorithm } from "../../../dtls/crypto/algorithms.js"
import { type Aead } from "../../../dtls/crypto/provider.js"
import { type SessionStore } from "../../../dtls/handshake/session.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { type DtlsConnection } from "../../../gio/dtls-connection.js"
import { isIoError, IOErrorEnum } from "../../../gio/errors.js"
import { LogLevel } from "../../../gio/log-level.js"
import { secretCopy } from "../secret.js"
import { type NodeServices } from "../services.js"
import { checkNames } from "./check-names.js"
import { wrongArgument } from "./errors.js"
import { checkStore } from "./sessions.js"

/** Where a server keeps its clients' associations: those of a run before are found by their names. */
export interface AssociationStore extends SessionStore {
    names(): string[]
}

/** Keeps associations, sealed, so that the next run of the program goes on with them without a handshake. */
export interface SaveOptions<Store extends SessionStore = SessionStore> {
    /**
     * `save` returns when the state is safe: sequence numbers are used after that only, which is why nothing here is a
     * promise. `FolderStore` is one.
     */
    store: Store
    /** 16 or 32 random bytes that seal the states: kept as the pre-shared key is */
    key: Uint8Array
    /** messages sent until the state is saved again, 1 to 2^20; after a crash their sequence numbers are skipped. Default 64 */
    send?: number | undefined
    /** records received until it is saved again, 1 to 2^20; after a crash so many of the peer's may be lost. Default 16 */
    receive?: number | undefined
}

const NAMES = ["store", "key", "send", "receive"]
const MAX_RESERVE = 2 ** 20
const EXACT: Reserve = { send: 0, receive: 0 }

/** Checked `SaveOptions`. */
export interface Saving<Store extends SessionStore = SessionStore> {
    store: Store
    wrapper: Aead
    reserve: Reserve
}

/** Throws ERR_DTLS_INVALID_ARGUMENT. */
export function savingOf<Store extends SessionStore>(
    services: NodeServices,
    options: SaveOptions<Store>,
    isServer: boolean,
): Saving<Store> {
    checkNames(options, NAMES)
    const { store, key, send = 64, receive = 16 } = options
    checkStore("save.store", store)
    if (isServer && typeof (store as Partial<AssociationStore>).names !== "function")
        throw wrongArgument("save.store", "an AssociationStore: a server needs its names, too")
    if (!(key instanceof Uint8Array) || (key.length !== 16 && key.length !== 32))
        throw wrongArgument("save.key", "16 or 32 random bytes")
    for (const [name, count] of Object.entries({ send, receive }))
        if (!Number.isInteger(count) || count < 1 || count > MAX_RESERVE)
            throw wrongArgument(`save.${name}`, `a whole number from 1 to ${MAX_RESERVE}`)
    const algorithm = key.length === 16 ? AeadAlgorithm.aes128Ccm : AeadAlgorithm.aes256Ccm
    return { store, wrapper: services.crypto.newAead(algorithm, secretCopy(key)), reserve: { send, receive } }
}

/** One association that is kept saved as long as it lives. */
export class SavedConnection {
    /** what is in the store is for the next run */
    private isSuspended = false
    private watching: Promise<void> | undefined

    /** @param name of its entry in the store */
    constructor(
        private connection: DtlsConnection,
        private saving: Saving,
        private name: string,
        private services: NodeServices,
        /** it goes on from a run before */
        readonly isRestored: boolean,
    ) {}

    /**
     * Its first save, before anything is sent; of an imported association also what has come meanwhile. In DTLS 1.3 the server
     * has to acknowledge the handshake first. Throws what the store throws.
     */
    async begin(stop?: Cancellable): Promise<void> {
        await this.connection.exportable(stop)
        this.save()
        await this.connection.takeHeld()
        this.watching = this.watch()
    }

    /** Sends; out of numbers, saves and sends again. */
    async sending<T>(send: () => Promise<T>): Promise<T> {
        try {
            return await send()
        } catch (error) {
            if (this.isSuspended || !isIoError(error, IOErrorEnum.NO_SPACE)) throw error
            this.save()
            return await send()
        }
    }

    /** Saves the exact state: this connection neither sends nor takes anything any more, and the next run goes on from here. */
    suspend(): void {
        const { wrapper, store } = this.saving
        this.isSuspended = true
        store.save(this.name, this.connection.exportAssociation(wrapper, EXACT))
    }

    /** Resolves when the connection has ended and its entry is gone, or suspended. */
    async ended(): Promise<void> {
        await this.watching
    }

    private save(): void {
        const { wrapper, store, reserve } = this.saving
        const saved = this.connection.exportAssociation(wrapper, reserve)
        try {
            store.save(this.name, saved)
        } catch (error) {
            // The numbers are not reserved: none of them may be used.
            this.connection.exportAssociation(wrapper, EXACT)
            throw error
        }
    }

    private async watch(): Promise<void> {
        try {
            while (await this.connection.saveWanted()) {
                this.save()
                await this.connection.takeHeld()
            }
            if (!this.isSuspended) this.saving.store.remove(this.name)
        } catch (error) {
            this.services.log(LogLevel.error, `an association could not be saved, and ends here: ${String(error)}`)
            this.isSuspended = true
            await this.connection.close()
        }
    }
}
