import { equal } from "../dtls/bytes/bytes.js"
import { type Services } from "../platform/services.js"
import { CoapCode, CoapOption, CoapType, HALF_OF_NUMBERS } from "./code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "./message.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "./server.js"

interface Observer {
    server: CoapServer
    /** the request, which is answered again for each notification, without the Observe option */
    request: CoapMessage
    /** the state has changed since the last notification was created */
    isStale: boolean
    isSending: boolean
}

/**
 * A resource that notifies its observers of changes (RFC 7641), on any connections. A notification is the server's current answer to the
 * observer's request, in a confirmable message. If several changes happen while a notification is in progress, only the last one is
 * notified. An observer that resets or does not acknowledge a notification is removed.
 * @devsWhenUsed
 */
export class ObservableResource {
    private observers: Observer[] = []
    /** number of the last notification, 24 bits */
    private number = 0

    /**
     * @param handler answers GET, and FETCH, with the current state
     * @param limit largest number of observers; later clients get the current state, but no notifications
     */
    constructor(
        private services: Services,
        private handler: CoapHandler,
        private limit: number,
    ) {}

    asHandler(): CoapHandler {
        const self = this
        return async (request, server) => await self.handle(request, server)
    }

    /** Number of observers. */
    observerCount(): number {
        return this.observers.length
    }

    /** Notifies all observers of the new state, which the handler now returns. */
    stateChanged(): void {
        const self = this
        this.observers.forEach((observer) => self.notifyLater(observer))
    }

    /** Returns the observation requests of the client on the connection of `server`, so that another server can continue them. */
    requestsOf(server: CoapServer): CoapMessage[] {
        return this.observers.filter((observer) => observer.server === server).map((observer) => observer.request)
    }

    /** The number of the last notification. */
    lastNumber(): number {
        return this.number
    }

    /**
     * Continues an observation of another server. The observer is notified of the current state, which may have changed meanwhile.
     * @param request a request from `requestsOf` of the other server
     * @param number number of the other server's last notification; later notifications need newer numbers (RFC 7641 §3.4)
     */
    adopt(server: CoapServer, request: CoapMessage, number: number): void {
        if (this.observers.length >= this.limit) return
        const isAhead = ((number - this.number) & 0xffffff) < HALF_OF_NUMBERS
        if (isAhead) this.number = number
        const observer = { server, request, isStale: false, isSending: false }
        this.observers.push(observer)
        this.notifyLater(observer)
    }

    private async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const observe = uintOptionOf(request, CoapOption.OBSERVE, -1)
        const isObservable = request.code === CoapCode.GET || request.code === CoapCode.FETCH
        if (observe >= 0 && isObservable) this.forgetObserver(server, request.token)
        const answer = await this.handler(request, server)
        if (observe !== 0 || !isObservable || answer.code >= CoapCode.BAD_REQUEST) return answer
        // Observers whose connection has ended are removed.
        this.observers = this.observers.filter((observer) => observer.server.layer.error === undefined)
        if (this.observers.length >= this.limit) return answer
        const options = request.options.filter((option) => option.number !== CoapOption.OBSERVE)
        this.observers.push({ server, request: { ...request, options }, isStale: false, isSending: false })
        return this.numbered(answer)
    }

    private numbered(answer: CoapAnswer): CoapAnswer {
        return { ...answer, options: [...answer.options, uintOption(CoapOption.OBSERVE, this.number)] }
    }

    private forgetObserver(server: CoapServer, token: Buffer): void {
        this.observers = this.observers.filter(
            (observer) => observer.server !== server || !equal(observer.request.token, token),
        )
    }

    private notifyLater(observer: Observer): void {
        observer.isStale = true
        if (observer.isSending) return
        observer.isSending = true
        const self = this
        this.services.spawn(async () => {
            await self.notifyObserver(observer)
            observer.isSending = false
        })
    }

    private async notifyObserver(observer: Observer): Promise<void> {
        while (observer.isStale && this.observers.indexOf(observer) >= 0) {
            observer.isStale = false
            if (!(await this.isNotified(observer))) this.forgetObserver(observer.server, observer.request.token)
        }
    }

    /** Sends a notification. @returns false if the observer is to be removed */
    private async isNotified(observer: Observer): Promise<boolean> {
        const { server, request } = observer
        this.number = (this.number + 1) & 0xffffff
        const { number } = this
        const answer = await server.answerTo({ ...request, options: [...request.options] })
        const isError = answer.code >= CoapCode.BAD_REQUEST
        // An error ends the observation and carries no number (RFC 7641 §4.2).
        const options = isError ? answer.options : [...answer.options, uintOption(CoapOption.OBSERVE, number)]
        const message = { ...answer, options, type: CoapType.CON, messageId: -1, token: request.token }
        try {
            return (await server.deliver(message, undefined)) === undefined && !isError
        } catch (error) {
            // The connection has ended; its server reports that.
            server.layer.fail(error)
            return false
        }
    }
}
