import { copyOf, equal, join, wipe } from "../bytes/bytes.js"
import { AeadAlgorithm, HashAlgorithm } from "../crypto/algorithms.js"
import { type Aead, type CryptoProvider } from "../crypto/provider.js"

/** Length of a ticket key, bytes: AES-256. */
export const TICKET_KEY_LENGTH = 32

/* A ticket: the key's name, a random nonce, and the sealed content with its tag. */
const NAME_LENGTH = 8
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** Bytes by which a ticket is longer than its content. */
export const TICKET_OVERHEAD = NAME_LENGTH + NONCE_LENGTH + TAG_LENGTH

/** Limit on keys that open tickets; the newest one seals. */
export const MAX_TICKET_KEYS = 4

interface TicketKey {
    name: Buffer
    aead: Aead
}

export interface OpenedTicket {
    plaintext: Buffer
    /** sealed by the current key */
    isNewest: boolean
}

/**
 * The keys that seal a server's tickets (RFC 5077 §4). Unless the program sets keys, random ones are generated and
 * rotated every `period`; each opens tickets for a second period. Servers that accept each other's tickets need the
 * same keys.
 * @devsWhenUsed
 */
export class TicketKeys {
    /** newest first */
    private keys: TicketKey[] = []
    private rotateAt = -1

    /**
     * @param clock ms
     * @param period how long a generated key seals, ms
     */
    constructor(
        private crypto: CryptoProvider,
        private clock: () => number,
        private period: number,
    ) {}

    /**
     * Sets the program's keys; no more keys are generated.
     * @param keys 1 to 4 keys of 32 random bytes, newest first: the first one seals, all of them open. They are copied.
     * Throws RangeError.
     */
    setKeys(keys: Buffer[]): void {
        if (keys.length === 0 || keys.length > MAX_TICKET_KEYS) throw new RangeError("keys: 1 to 4")
        for (const key of keys) {
            if (key.length !== TICKET_KEY_LENGTH) throw new RangeError("keys: 32 bytes each")
        }
        this.close()
        this.period = 0
        for (const key of keys) this.keys.push(this.keyOf(key))
    }

    /** @param plaintext 1 to 65499 bytes */
    seal(plaintext: Buffer): Buffer {
        this.rotate()
        const { name, aead } = this.keys[0] as TicketKey
        const nonce = this.crypto.random(NONCE_LENGTH)
        return join([name, nonce, aead.seal(nonce, name, plaintext)])
    }

    /** Undefined: it was not sealed by any of these keys, or it was changed. */
    open(ticket: Buffer): OpenedTicket | undefined {
        if (ticket.length < TICKET_OVERHEAD) return undefined
        this.rotate()
        const name = copyOf(ticket, 0, NAME_LENGTH)
        const key = this.keys.find((candidate) => equal(candidate.name, name))
        if (key === undefined) return undefined
        const nonce = copyOf(ticket, NAME_LENGTH, NAME_LENGTH + NONCE_LENGTH)
        const plaintext = key.aead.open(nonce, name, copyOf(ticket, NAME_LENGTH + NONCE_LENGTH, ticket.length))
        return plaintext === undefined ? undefined : { plaintext, isNewest: key === this.keys[0] }
    }

    private rotate(): void {
        const now = this.clock()
        if (this.keys.length > 0 && (this.period === 0 || now < this.rotateAt)) return
        // After a long pause, an expired key must not open the tickets it sealed.
        if (now >= this.rotateAt + this.period) this.close()
        const secret = this.crypto.random(TICKET_KEY_LENGTH)
        const previous = this.keys[0]
        if (this.keys.length > 1) (this.keys[1] as TicketKey).aead.close()
        this.keys = [this.keyOf(secret)]
        if (previous !== undefined) this.keys.push(previous)
        wipe(secret)
        this.rotateAt = now + this.period
    }

    private keyOf(key: Buffer): TicketKey {
        const hmac = this.crypto.newHmac(HashAlgorithm.sha256, key)
        const name = copyOf(hmac.sign(Buffer.from("ticket key name")), 0, NAME_LENGTH)
        hmac.close()
        return { name, aead: this.crypto.newAead(AeadAlgorithm.aes256Ccm, key) }
    }

    /** Erases the keys: their tickets are no longer accepted. */
    close(): void {
        for (const key of this.keys) key.aead.close()
        this.keys = []
    }
}
