import { HandshakeDriverV13 } from "./handshake-driver.js"

/**
 * Drives a server's handshake of DTLS 1.3. A client that sleeps, or whose radio is off, acknowledges no ticket: that is sent
 * again when the client is heard from, and the association does not end over it.
 * @devsWhenUsed
 */
export class ServerDriverV13 extends HandshakeDriverV13 {
    /** a message after the handshake was sent often enough without an answer */
    private rests = false

    protected override giveUp(): void {
        // Without new keys there is an end of what may be sent.
        if (this.established && !this.updating) this.rests = true
        else this.owner.fail(this.provisional.reason, this.provisional.alert)
    }

    /** The client uses its keys: it is there. */
    override forgetLastFlight(): void {
        if (!this.rests || this.outbox().isEmpty()) return
        this.rests = false
        // Due since long ago.
        this.timer.start(0, 0)
    }
}
