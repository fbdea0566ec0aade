import { type ClientHello } from "../../wire/client-hello.js"
import { type ClientHandshakeV12V13, olderClientRole } from "../../handshake/v13/client-v12-v13.js"
import { HandshakeDriverV12 } from "../v12/handshake-driver.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/**
 * Drives a client's handshake that offers DTLS 1.3 and 1.2. If the server picks 1.2, a driver of that version takes
 * over, including timers and received messages.
 * @devsWhenUsed
 */
export class ClientDriverV12V13 extends HandshakeDriverV13 {
    protected override process(now: number): void {
        const message = this.inbox.peek()
        const handshake = this.handshake as ClientHandshakeV12V13
        const hello = message === undefined ? undefined : handshake.helloForOlder(message)
        if (hello === undefined) this.walk(now)
        else this.handOver(hello, now)
    }

    private handOver(hello: ClientHello, now: number): void {
        const { owner } = this
        const driver = new HandshakeDriverV12(owner, olderClientRole(hello), 0)
        owner.record.form = undefined
        this.handshake.close()
        owner.onHandedOver(driver, driver.handshake.parameters)
        driver.takeOver(this, now)
    }
}
