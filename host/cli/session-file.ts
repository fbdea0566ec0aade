import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { type SessionStore } from "../../src/dtls/handshake/session.js"
import { UsageError } from "../credentials.js"

/** The session of --session: read before the handshake, written after it, like openssl's -sess_in and -sess_out. */
export class SessionFile implements SessionStore {
    constructor(private path: string) {}

    load(): Buffer | undefined {
        try {
            return readFileSync(this.path)
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
            throw this.unusable("read", error)
        }
    }

    save(_key: string, session: Buffer): void {
        try {
            writeFileSync(this.path, session, { mode: 0o600 })
        } catch (error) {
            throw this.unusable("write", error)
        }
    }

    remove(): void {
        rmSync(this.path, { force: true })
    }

    private unusable(verb: string, error: unknown): UsageError {
        return new UsageError(
            `--session: cannot ${verb} ${this.path} (${(error as NodeJS.ErrnoException).code ?? "error"})`,
        )
    }
}
