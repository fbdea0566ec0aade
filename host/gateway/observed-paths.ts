import { CoapCode, CoapOption } from "../../src/coap/code-points.js"
import {
    type CoapMessage,
    readCoapMessage,
    textOptionsOf,
    uintOptionOf,
    writeCoapMessage,
} from "../../src/coap/message.js"
import { ObservableResource } from "../../src/coap/observers.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "../../src/coap/server.js"
import { coapPathText } from "../../src/coap/uri.js"
import { type Services } from "../../src/platform/services.js"

/** Observers of one path at the same time: who comes later gets the state and no notifications (RFC 7641 §4.1). */
const MAX_OBSERVERS = 1000

/** What a client observes, so that it is told by another gateway. */
export interface ObservedState {
    /** base64 of the request that began it */
    request: string
    /** of the last notification */
    number: number
}

/** The paths that clients observe (RFC 7641), each with its observers on whichever connections. */
export class ObservedPaths {
    private byPath = new Map<string, ObservableResource>()

    /** @param handler answers requests for every path with its present state */
    constructor(
        private services: Services,
        private handler: CoapHandler,
    ) {}

    async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const isAsked = request.code === CoapCode.GET && uintOptionOf(request, CoapOption.OBSERVE, -1) >= 0
        if (!isAsked) return await this.handler(request, server)
        const path = pathOf(request)
        const resource = this.resourceAt(path)
        const answer = await resource.asHandler()(request, server)
        this.dropUnobserved(path, resource)
        return answer
    }

    private resourceAt(path: string): ObservableResource {
        const resource = this.byPath.get(path) ?? new ObservableResource(this.services, this.handler, MAX_OBSERVERS)
        this.byPath.set(path, resource)
        return resource
    }

    /** What the client of a connection observes. */
    stateOf(server: CoapServer): ObservedState[] {
        return [...this.byPath.values()].flatMap((resource) =>
            resource.requestsOf(server).map((request) => {
                const encoded = writeCoapMessage(request).toString("base64")
                return { request: encoded, number: resource.lastNumber() }
            }),
        )
    }

    /** Goes on with what a client observed at another gateway; it is told the state here. */
    restore(server: CoapServer, states: ObservedState[]): void {
        for (const { request, number } of states) {
            const bytes = Buffer.from(request, "base64")
            const message = readCoapMessage(bytes, bytes.length)
            if (message !== undefined) this.resourceAt(pathOf(message)).adopt(server, message, number)
        }
    }

    /** Tells who observes a path of its new state, or that there is none any more. */
    changed(path: string): void {
        const resource = this.byPath.get(path)
        if (resource === undefined) return
        this.dropUnobserved(path, resource)
        resource.stateChanged()
    }

    private dropUnobserved(path: string, resource: ObservableResource): void {
        if (resource.observerCount() === 0) this.byPath.delete(path)
    }
}

export const pathOf = (request: CoapMessage): string => coapPathText(textOptionsOf(request, CoapOption.URI_PATH))
