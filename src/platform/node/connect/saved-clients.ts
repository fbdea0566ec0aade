import { randomBytes } from "node:crypto"
import { type DtlsListener } from "../../../gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../gio/dtls-server-connection.js"
import { isIoError, IOErrorEnum } from "../../../gio/errors.js"
import { LogLevel } from "../../../gio/log-level.js"
import { type UdpSocket } from "../../services.js"
import { type NodeServices } from "../services.js"
import { DtlsSocket } from "./dtls-socket.js"
import { type AssociationStore, SavedConnection, type Saving } from "./saved-connection.js"

/** The clients of a server whose associations are saved in the store. */
export class SavedClients {
    private kept = new Set<SavedConnection>()
    /** clients that an earlier run saved and that have not been accepted yet */
    private restored: DtlsSocket[] = []

    constructor(
        private listener: DtlsListener,
        private socket: UdpSocket,
        private saving: Saving<AssociationStore>,
        private services: NodeServices,
    ) {}

    /** Resumes the association of every saved client. If an entry cannot be used, this is logged and the entry is removed. */
    async restore(): Promise<void> {
        const { store, wrapper } = this.saving
        for (const name of store.names())
            try {
                const state = store.load(name)
                if (state === undefined) continue
                const connection = await this.listener.importAssociation(state, wrapper, 0)
                this.restored.push(await this.keepAs(connection, name, true))
            } catch (error) {
                this.services.log(LogLevel.warning, `a saved association cannot be used: ${String(error)}`)
                store.remove(name)
            }
    }

    /** Returns a client that an earlier run saved and that has not been accepted yet. */
    next(): DtlsSocket | undefined {
        return this.restored.shift()
    }

    /**
     * Starts saving a new client's association. If it cannot be saved, this is logged, the connection is closed, and undefined is
     * returned.
     */
    async keep(connection: DtlsServerConnection): Promise<DtlsSocket | undefined> {
        try {
            return await this.keepAs(connection, randomBytes(16).toString("hex"), false)
        } catch (error) {
            // The client has closed the connection. Messages that it sent before can still be read.
            if (isIoError(error, IOErrorEnum.CLOSED)) return new DtlsSocket(connection, this.socket, undefined)
            this.services.log(LogLevel.error, `a client cannot be saved, so its connection is closed: ${String(error)}`)
            await connection.close()
            return undefined
        }
    }

    private async keepAs(connection: DtlsServerConnection, name: string, isRestored: boolean): Promise<DtlsSocket> {
        const saved = new SavedConnection(connection, this.saving, name, this.services, isRestored)
        await saved.begin()
        this.kept.add(saved)
        void saved.ended().then(() => this.kept.delete(saved))
        return new DtlsSocket(connection, this.socket, undefined, undefined, saved)
    }

    /** See `SavedConnection.suspend`. */
    suspend(): void {
        for (const saved of this.kept) saved.suspend()
    }

    async ended(): Promise<void> {
        await Promise.all([...this.kept].map((saved) => saved.ended()))
    }
}
