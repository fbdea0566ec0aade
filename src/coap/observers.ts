import { equal } from "../dtls/bytes/bytes.js"
import { type Services } from "../platform/services.js"
import { CoapCode, CoapOption, CoapType, HALF_OF_NUMBERS } from "./code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "./message.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "./server.js"

interface Observer {
    server: CoapServer
    /** to be answered again for each notification, without the Observe option */
    request: CoapMessage
    /** the state has changed since the last notification was made */
    isStale: boolean
    isSending: boolean
}

/**
 * A resource that tells of its changes (RFC 7641): who asked for it, on whichever connections. A notification is the
 * server's answer to the observer's request at that moment, sent confirmably; of changes that come while one is under way
 * only the last is told. An observer that resets a notification or does not acknowledge it is forgotten.
 * @devsWhenUsed
 */
export class ObservableResource {
    private observers: Observer[] = []
    /** of the last notification, 24 bits */
    private number = 0

    /**
     * @param handler answers GET, and FETCH, with the present state
     * @param limit observers at the same time; whoever comes later gets the state and no notifications
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

    /** How many are told. */
    observerCount(): number {
        return this.observers.length
    }

    /** Tells all observers of the state that the handler now answers. */
    stateChanged(): void {
        const self = this
        this.observers.forEach((observer) => self.notifyLater(observer))
    }

    /** What a client asked for on whose connection `server` is, so that it can be told elsewhere. */
    requestsOf(server: CoapServer): CoapMessage[] {
        return this.observers.filter((observer) => observer.server === server).map((observer) => observer.request)
    }

    /** The number of the last notification. */
    lastNumber(): number {
        return this.number
    }

    /**
     * Goes on with an observer of a server elsewhere, who is told the present state: it may have changed on the way.
     * @param request as `requestsOf` gave it
     * @param number of the last notification there: what follows has to be newer (RFC 7641 §3.4)
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
        // Whose connection has ended is told no more.
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

    /** @returns false when the observer is to be forgotten */
    private async isNotified(observer: Observer): Promise<boolean> {
        const { server, request } = observer
        this.number = (this.number + 1) & 0xffffff
        const { number } = this
        const answer = await server.answerTo({ ...request, options: [...request.options] })
        const isError = answer.code >= CoapCode.BAD_REQUEST
        // RFC 7641 §4.2: an error ends the observation, and is no numbered state.
        const options = isError ? answer.options : [...answer.options, uintOption(CoapOption.OBSERVE, number)]
        const message = { ...answer, options, type: CoapType.CON, messageId: -1, token: request.token }
        try {
            return (await server.deliver(message, undefined)) === undefined && !isError
        } catch (error) {
            // The connection is over, which its server tells.
            server.layer.fail(error)
            return false
        }
    }
}
