import { type ClientHello } from "../../wire/client-hello.js"
import { type ClientHandshakeV12V13, olderClientRole } from "../../handshake/v13/client-v12-v13.js"
import { HandshakeDriverV12 } from "../v12/handshake-driver.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/**
 * Drives a client's handshake of DTLS 1.3 that offers DTLS 1.2, too: when the server picks the latter, a driver of that
 * version takes over, timers and received messages included.
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
