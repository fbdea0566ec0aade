import { CoapCode, CoapOption } from "../../src/coap/code-points.js"
import { type CoapMessage, uintOptionOf } from "../../src/coap/message.js"
import { ObservableResource } from "../../src/coap/observers.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "../../src/coap/server.js"
import { type Services } from "../../src/platform/services.js"

/** Observers of one path at the same time: who comes later gets the state and no notifications (RFC 7641 §4.1). */
const MAX_OBSERVERS = 1000

/** The paths that clients observe (RFC 7641), each with its observers on whichever connections. */
export class ObservedPaths {
    private byPath = new Map<string, ObservableResource>()

    /** @param handler answers requests for every path with its present state */
    constructor(
        private services: Services,
        private handler: CoapHandler,
    ) {}

    async handle(path: string, request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const isAsked = request.code === CoapCode.GET && uintOptionOf(request, CoapOption.OBSERVE, -1) >= 0
        if (!isAsked) return await this.handler(request, server)
        const resource = this.byPath.get(path) ?? new ObservableResource(this.services, this.handler, MAX_OBSERVERS)
        this.byPath.set(path, resource)
        const answer = await resource.asHandler()(request, server)
        this.dropUnobserved(path, resource)
        return answer
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
