import { EMPTY } from "../../bytes/bytes.js"
import { type Secret } from "./provider.js"

/**
 * The application_traffic_secrets of both directions (RFC 8446 §7.1), from which all keys after a handshake are
 * derived.
 * @devsWhenUsed
 */
export class TrafficSecrets {
    /** for reading, before the peer's last KeyUpdate: saved until the peer uses the new keys */
    former: Secret | undefined

    constructor(
        public read: Secret,
        public write: Secret,
    ) {}

    /** The peer has begun its next epoch. */
    updateRead(): void {
        if (this.former !== undefined) this.former.close()
        this.former = this.read
        this.read = nextTraffic(this.read)
    }

    /** This side begins its next epoch. */
    updateWrite(): void {
        const former = this.write
        this.write = nextTraffic(former)
        former.close()
    }

    close(): void {
        this.read.close()
        this.write.close()
        if (this.former !== undefined) this.former.close()
    }
}

/** application_traffic_secret_N+1 (RFC 8446 §7.2). */
function nextTraffic(secret: Secret): Secret {
    return secret.deriveSecret("traffic upd", EMPTY)
}
