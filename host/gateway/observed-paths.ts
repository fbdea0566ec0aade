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

/** Limit on simultaneous observers of one path; others get the state but no notifications (RFC 7641 §4.1). */
const MAX_OBSERVERS = 1000

/** A client's observation, so that another gateway can notify it. */
export interface ObservedState {
    /** the request that began it, in base64 */
    request: string
    /** number of the last notification */
    number: number
}

/** The paths that clients observe (RFC 7641), with the observers on all connections. */
export class ObservedPaths {
    private byPath = new Map<string, ObservableResource>()

    /** @param handler answers requests for every path with its current state */
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

    /** The observations of a connection's client. */
    stateOf(server: CoapServer): ObservedState[] {
        return [...this.byPath.values()].flatMap((resource) =>
            resource.requestsOf(server).map((request) => {
                const encoded = writeCoapMessage(request).toString("base64")
                return { request: encoded, number: resource.lastNumber() }
            }),
        )
    }

    /** Continues observations begun at another gateway; the client is notified of the state here. */
    restore(server: CoapServer, states: ObservedState[]): void {
        for (const { request, number } of states) {
            const bytes = Buffer.from(request, "base64")
            const message = readCoapMessage(bytes, bytes.length)
            if (message !== undefined) this.resourceAt(pathOf(message)).adopt(server, message, number)
        }
    }

    /** Notifies a path's observers of its new state, or that it was deleted. */
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
