import { copyOf, wipe } from "../dtls/bytes/bytes.js"
import { type SessionStore } from "../dtls/handshake/session.js"
import { type Services } from "../platform/services.js"
import { errorText } from "./guarded.js"
import { LogLevel } from "./log-level.js"

/**
 * A client's session with its only server, in the platform's storage, so that it survives a restart. It is stored in the same way as the
 * pre-shared key: anyone who can read the storage can take part in connections of this session until it expires.
 * @devsWhenUsed
 */
export class StoredSession implements SessionStore {
    private session: Buffer | undefined
    /** a task is writing; it also writes changes that happen meanwhile */
    private writing = false
    private changed = false

    /** @param name name of the entry in the storage, 1 to 14 letters and digits */
    constructor(
        private services: Services,
        private name: string,
    ) {}

    /** Reads the session of an earlier run. Call it before the first connection. */
    async open(): Promise<void> {
        this.session = await this.services.storage.load(this.name)
    }

    load(_key: string): Buffer | undefined {
        const { session } = this
        return session === undefined ? undefined : copyOf(session, 0, session.length)
    }

    save(_key: string, session: Buffer): void {
        this.replace(copyOf(session, 0, session.length))
    }

    remove(_key: string): void {
        if (this.session !== undefined) this.replace(undefined)
    }

    private replace(session: Buffer | undefined): void {
        wipe(this.session)
        this.session = session
        this.changed = true
        if (this.writing) return
        this.writing = true
        const self = this
        this.services.spawn(async () => await self.write())
    }

    private async write(): Promise<void> {
        while (this.changed) {
            this.changed = false
            try {
                const session = this.load("")
                if (session === undefined) await this.services.storage.remove(this.name)
                else await this.services.storage.save(this.name, session)
                wipe(session)
            } catch (error) {
                // If the session is not stored, the only consequence is a full handshake after the next restart.
                this.services.log(LogLevel.warning, "The session is not stored: " + errorText(error))
            }
        }
        this.writing = false
    }
}
