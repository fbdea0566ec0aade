import { randomBytes } from "node:crypto"
import { type DtlsListener } from "../../../gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../gio/dtls-server-connection.js"
import { isIoError, IOErrorEnum } from "../../../gio/errors.js"
import { LogLevel } from "../../../gio/log-level.js"
import { type UdpSocket } from "../../services.js"
import { type NodeServices } from "../services.js"
import { DtlsSocket } from "./dtls-socket.js"
import { type AssociationStore, SavedConnection, type Saving } from "./saved-connection.js"

/** A server's clients whose associations are kept saved. */
export class SavedClients {
    private kept = new Set<SavedConnection>()
    /** of a run before, not accepted yet */
    private restored: DtlsSocket[] = []

    constructor(
        private listener: DtlsListener,
        private socket: UdpSocket,
        private saving: Saving<AssociationStore>,
        private services: NodeServices,
    ) {}

    /** Goes on with every client that was saved; one that cannot be used is logged, and its entry removed. */
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

    /** A client of a run before that nobody has got yet. */
    next(): DtlsSocket | undefined {
        return this.restored.shift()
    }

    /** A new client's association; one that cannot be saved is let go (undefined), and that is logged. */
    async keep(connection: DtlsServerConnection): Promise<DtlsSocket | undefined> {
        try {
            return await this.keepAs(connection, randomBytes(16).toString("hex"), false)
        } catch (error) {
            // It has left: what it sent before is there to be read.
            if (isIoError(error, IOErrorEnum.CLOSED)) return new DtlsSocket(connection, this.socket, undefined)
            this.services.log(LogLevel.error, `a client cannot be saved, and is let go: ${String(error)}`)
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
