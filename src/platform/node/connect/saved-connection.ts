/* Associations that are resumed after a restart of the program: docs/sleeping-sensors.md. */
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
import { checkNames } from "./option-checks.js"
import { wrongArgument } from "./errors.js"
import { checkStore } from "./sessions.js"

/** Stores the associations of a server's clients. `names` lists the entries, so that a later run finds the saved clients. */
export interface AssociationStore extends SessionStore {
    names(): string[]
}

/** Options for saving associations in encrypted form, so that the next run of the program resumes them without a handshake. */
export interface SaveOptions<Store extends SessionStore = SessionStore> {
    /**
     * Where the states are stored, for example a `FolderStore`. `save` must not return before the state is stored safely, because sequence
     * numbers may only be used after that. Therefore the methods do not return promises.
     */
    store: Store
    /** 16 or 32 random bytes that encrypt the saved states; protect this key like the pre-shared key */
    key: Uint8Array
    /**
     * number of messages to send before the state is saved again, 1 to 2^20; after a crash, this many sequence numbers are skipped. Default
     * 64
     */
    send?: number | undefined
    /**
     * number of records to receive before the state is saved again, 1 to 2^20; after a crash, up to this many records of the peer may be
     * lost. Default 16
     */
    receive?: number | undefined
}

const NAMES = ["store", "key", "send", "receive"]
const MAX_RESERVE = 2 ** 20
const EXACT: Reserve = { send: 0, receive: 0 }

/** Values of `SaveOptions` after the checks. */
export interface Saving<Store extends SessionStore = SessionStore> {
    store: Store
    wrapper: Aead
    reserve: Reserve
}

/** Checks the options. Throws ERR_DTLS_INVALID_ARGUMENT. */
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

/** One association whose state in the store is kept up to date as long as the connection is open. */
export class SavedConnection {
    /** the entry in the store is final: the next run continues from it */
    private isSuspended = false
    private watching: Promise<void> | undefined

    /** @param name name of the association's entry in the store */
    constructor(
        private connection: DtlsConnection,
        private saving: Saving,
        private name: string,
        private services: NodeServices,
        /** the association was resumed from an earlier run */
        readonly isRestored: boolean,
    ) {}

    /**
     * Saves the state for the first time, before anything is sent. For an imported association it also delivers messages that have arrived
     * meanwhile. In DTLS 1.3 it first waits until the server has acknowledged the handshake. Throws any error of the store.
     */
    async begin(stop?: Cancellable): Promise<void> {
        await this.connection.exportable(stop)
        this.save()
        await this.connection.takeHeld()
        this.watching = this.watch()
    }

    /** Runs `send`. If the reserved sequence numbers are used up, saves the state and runs `send` again. */
    async sending<T>(send: () => Promise<T>): Promise<T> {
        try {
            return await send()
        } catch (error) {
            if (this.isSuspended || !isIoError(error, IOErrorEnum.NO_SPACE)) throw error
            this.save()
            return await send()
        }
    }

    /** Saves the exact state. This connection can no longer send or receive, and the next run continues from the saved state. */
    suspend(): void {
        const { wrapper, store } = this.saving
        this.isSuspended = true
        store.save(this.name, this.connection.exportAssociation(wrapper, EXACT))
    }

    /** Resolves when the connection has ended and its entry has been removed, or kept because of `suspend`. */
    async ended(): Promise<void> {
        await this.watching
    }

    private save(): void {
        const { wrapper, store, reserve } = this.saving
        const saved = this.connection.exportAssociation(wrapper, reserve)
        try {
            store.save(this.name, saved)
        } catch (error) {
            // The sequence numbers could not be reserved, so none of them may be used.
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
            this.services.log(LogLevel.error, `an association could not be saved, so it ends: ${String(error)}`)
            this.isSuspended = true
            await this.connection.close()
        }
    }
}
