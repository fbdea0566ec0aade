import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { identityText, UsageError } from "mote-dtls/gateway"
import { AeadAlgorithm } from "mote-dtls/engine"
import { type AssociationsConfig } from "./config.js"
import { type Listeners } from "./listeners.js"
import { type Log } from "./log.js"

/** Seals associations. */
export type Wrapper = ReturnType<Listeners["services"]["crypto"]["newAead"]>

/** By listener, each association in base64. */
type Saved = Record<string, string[]>

const KEY_LENGTH = 32

/** Sessions that go on after a restart: associations in a file, sealed by a key in another one. */
export class SavedAssociations {
    private wrapper: Wrapper

    /** Makes the key when it is not there. Throws UsageError when it is none, or cannot be read or written. */
    constructor(
        private config: AssociationsConfig,
        private listeners: Listeners,
        private log: Log,
    ) {
        this.wrapper = listeners.services.crypto.newAead(
            AeadAlgorithm.aes256Ccm,
            keyIn(config.keyFile, "associations.keyFile"),
        )
    }

    /** Goes on with what `save` saved, once: the file is removed first, since nothing may go on from it twice. */
    async restore(): Promise<void> {
        const saved = this.take()
        if (saved === undefined) return
        const [taken, failures] = await this.listeners.importClients(decoded(saved), this.wrapper)
        this.log.info(`${taken} sessions of the run before go on without a handshake`)
        for (const { message } of failures) this.log.warn(`a session of the run before cannot go on: ${message}`)
    }

    private take(): Saved | undefined {
        const { file } = this.config
        if (!existsSync(file)) return undefined
        const text = readFileSync(file, "utf8")
        rmSync(file)
        try {
            return JSON.parse(text) as Saved
        } catch {
            this.log.warn(`${file} is damaged: devices need a new handshake`)
            return undefined
        }
    }

    /** Exports every association. From then on the listeners send and receive nothing. */
    save(): void {
        const saved: Saved = {}
        let count = 0
        for (const [name, { associations, failures }] of this.listeners.exportClients(this.wrapper)) {
            saved[name] = associations.map((association) => association.toString("base64"))
            count += associations.length
            for (const { peer, error } of failures)
                this.log.warn(
                    { identity: identityText(peer.identity) },
                    `its session needs a new handshake: ${error.message}`,
                )
        }
        const { file } = this.config
        writeFileSync(`${file}.new`, JSON.stringify(saved), { mode: 0o600 })
        renameSync(`${file}.new`, file)
        this.log.info(`${count} sessions are saved: they go on after a restart`)
    }
}

function decoded(saved: Saved): Map<string, Buffer[]> {
    return new Map(Object.entries(saved).map(([name, list]) => [name, list.map((text) => Buffer.from(text, "base64"))]))
}

/** The key in a file, which is made when it is not there. Throws UsageError. @param setting that names the file */
export function keyIn(path: string, setting: string): Buffer {
    try {
        if (!existsSync(path))
            writeFileSync(path, `${randomBytes(KEY_LENGTH).toString("hex")}\n`, { mode: 0o600, flag: "wx" })
        const key = Buffer.from(readFileSync(path, "utf8").trim(), "hex")
        if (key.length === KEY_LENGTH) return key
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`${setting}: cannot use ${path} (${code})`)
    }
    throw new UsageError(`${setting}: ${path} needs ${2 * KEY_LENGTH} hexadecimal digits`)
}
