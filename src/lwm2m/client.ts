import { BlockwiseHandler, defaultBlockLimits } from "../coap/block-server.js"
import { type CoapClient } from "../coap/client.js"
import { CoapServer } from "../coap/server.js"
import { Cancellable } from "../gio/cancellable.js"
import { errorText } from "../gio/guarded.js"
import { LogLevel } from "../gio/log-level.js"
import { waitUntil } from "../gio/waiting.js"
import { type Services, type Signal } from "../platform/services.js"
import { type SensorConfig } from "../sensor/sensor.js"
import { type CoapsSession, openSession } from "../sensor/session.js"
import { registrationLinks } from "./links.js"
import { type Lwm2mObjects } from "./objects.js"
import { Registration } from "./registration.js"
import { type ServerAccount } from "./standard-objects.js"

/** An update is sent this long before the lifetime ends, s: the longest time that a confirmable message may take (RFC 7252 §4.8.2). */
const MARGIN = 93
/** Delay before an action that a request has caused, ms, so that the answer to the request is sent first. */
const ANSWER_TIME = 200

/**
 * An LwM2M client. It connects to its server, registers, and serves its objects on the same connection. It updates its registration before
 * the lifetime ends and when the server requests it, and reconnects after the connection is lost.
 * @devsWhenUsed
 */
export class Lwm2mClient {
    private changed: Signal
    private stopped = false
    private isRegistered = false
    private stopping = new Cancellable()
    private attempts = 0
    private pause: number

    /** @param endpoint Endpoint Client Name; "": the server uses the DTLS identity */
    constructor(
        private services: Services,
        private config: SensorConfig,
        private objects: Lwm2mObjects,
        private account: ServerAccount,
        private endpoint: string,
    ) {
        this.changed = services.newSignal()
        this.pause = config.retryInitial
    }

    /** Runs the client until `stop` is called. */
    async run(): Promise<void> {
        while (!this.stopped) {
            try {
                await this.connect()
            } catch (error) {
                await this.retryLater(errorText(error))
            }
        }
    }

    /** De-registers and ends `run`. */
    stop(): void {
        this.stopped = true
        if (!this.isRegistered) this.stopping.cancel()
        this.wake()
    }

    /** Call this after a change of the account. */
    wake(): void {
        this.changed.notify()
    }

    private async connect(): Promise<void> {
        const { target, dtls, coap, localPort, newConnection } = this.config
        const { services, stopping } = this
        const attempt = this.attempts
        this.attempts++
        const session = await openSession(services, target, dtls, coap, localPort, attempt, stopping, newConnection)
        try {
            this.serve(session)
            await this.stayRegistered(session.coap)
        } finally {
            this.isRegistered = false
            await session.close()
        }
        await this.stayAway()
    }

    /** Serves the server's requests, which arrive on the connection that this client registered on. */
    private serve(session: CoapsSession): void {
        const { layer } = session.coap
        const blocks = new BlockwiseHandler(this.services, this.objects.asHandler(), defaultBlockLimits())
        const server = new CoapServer(layer, blocks.asHandler(), blocks.understood())
        const { changed } = this
        this.services.spawn(async () => {
            try {
                await server.run()
            } catch {
                // `isLeaving` waits for the end of the connection, and throws its error.
            }
            changed.notify()
        })
    }

    /** Stays registered until the server disables this client, or `stop` is called. Throws the error that ends the connection. */
    private async stayRegistered(coap: CoapClient): Promise<void> {
        const { account } = this
        const options = { endpoint: this.endpoint, links: registrationLinks(this.objects.instances) }
        const registration = new Registration(coap, options, this.stopping)
        await registration.register(account.lifetime)
        this.isRegistered = true
        this.services.log(LogLevel.info, "registered for " + account.lifetime + " s")
        this.pause = this.config.retryInitial
        while (!(await this.isLeaving(coap))) {
            account.isUpdateWanted = false
            if (!(await registration.update(account.lifetime))) await registration.register(account.lifetime)
            this.services.log(LogLevel.info, "updated: " + account.lifetime + " s")
        }
        await registration.deregister()
        this.services.log(LogLevel.info, "de-registered")
    }

    /** Waits until there is something to do. @returns true: de-register; false: update the registration */
    private async isLeaving(coap: CoapClient): Promise<boolean> {
        const { account, services } = this
        const self = this
        const leaves = (): boolean => self.stopped || account.isDisableWanted
        const { lifetime } = account
        const until = services.now() + (lifetime > 2 * MARGIN ? lifetime - MARGIN : lifetime / 2) * 1000
        const ready = (): boolean => leaves() || account.isUpdateWanted || coap.layer.error !== undefined
        await waitUntil(services, this.changed, ready, until, undefined)
        if (coap.layer.error !== undefined) throw coap.layer.error
        await services.newSignal().wait(ANSWER_TIME)
        return leaves()
    }

    /** Waits after a Disable request of the server. */
    private async stayAway(): Promise<void> {
        const { account } = this
        account.isDisableWanted = false
        await this.sleep(account.disableTimeout * 1000)
    }

    /** Waits before the next attempt. The pause is random, so that a thousand clients do not reconnect in the same second. */
    private async retryLater(why: string): Promise<void> {
        const random = this.services.crypto.random(1)[0] / 255
        const pause = Math.floor(this.pause * (1 + random / 2))
        this.pause = Math.min(this.pause * 2, this.config.retryMaximum)
        this.services.log(LogLevel.warning, why + "; next attempt in " + pause + " ms")
        await this.sleep(pause)
    }

    /** Waits for `time` ms, but ends early if the client is stopped. */
    private async sleep(time: number): Promise<void> {
        const self = this
        await waitUntil(this.services, this.changed, () => self.stopped, this.services.now() + time, undefined)
    }
}
