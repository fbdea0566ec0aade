import { CoapCode, CoapOption, ContentFormat } from "../coap/code-points.js"
import { type CoapMessage, optionOf, textOptionsOf, uintOption, uintOptionOf } from "../coap/message.js"
import { ObservableResource } from "../coap/observers.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "../coap/server.js"
import { type Services } from "../platform/services.js"
import { leavesOf, writeLeaves } from "./reading.js"
import { type Leaf, type ObjectInstance, type Resource } from "./resource.js"
import { objectLinks } from "./links.js"
import { readWrites, type WrittenValue } from "./writing.js"

/** The Security object contains the keys, and no server may access it (OMA LwM2M Core 1.1, appendix E.1). */
const SECURITY = 0
/** Largest number of observed paths. For further ones a client gets the current state, but no notifications. */
const OBSERVED_PATHS = 8

interface ObservedPath {
    path: number[]
    resource: ObservableResource
}

/**
 * The objects of a client, and the operations of servers on them (OMA LwM2M Core 1.1 §6.3, §6.4): Read, Discover, Write, Execute, Observe.
 * An unknown path is answered with 4.04; operations that a resource does not support, or on a whole object, with 4.05.
 * @devsWhenUsed
 */
export class Lwm2mObjects {
    instances: ObjectInstance[] = []
    private observed: ObservedPath[] = []

    constructor(private services: Services) {}

    add(instance: ObjectInstance): void {
        this.instances.push(instance)
    }

    /** Call this after the change of a value. Notifies the observers of the resource, its instance and its object. */
    changed(object: number, instance: number, resource: number): void {
        const whole = [object, instance, resource]
        this.observed.forEach((observed) => {
            if (observed.path.every((segment, i) => i > 2 || segment === whole[i])) observed.resource.stateChanged()
        })
    }

    asHandler(): CoapHandler {
        const self = this
        return async (request, server) => await self.handle(request, server)
    }

    private async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const path = pathOf(request)
        // Composite operations have their paths in the payload.
        const isComposite = request.code === CoapCode.FETCH || request.code === CoapCode.IPATCH
        if (isComposite) return refusal(CoapCode.METHOD_NOT_ALLOWED)
        if (path === undefined) return refusal(CoapCode.NOT_FOUND)
        if (path[0] === SECURITY) return refusal(CoapCode.UNAUTHORIZED)
        if (!this.exists(path)) return refusal(CoapCode.NOT_FOUND)
        switch (request.code) {
            case CoapCode.GET:
                return await this.get(path, request, server)
            case CoapCode.PUT:
                return await this.write(path, request)
            case CoapCode.POST:
                return path.length === 3 ? await this.execute(path, request) : await this.write(path, request)
            default:
                return refusal(CoapCode.METHOD_NOT_ALLOWED)
        }
    }

    private exists(path: number[]): boolean {
        return this.under(path).length > 0 && (path.length < 3 || this.resourceAt(path) !== undefined)
    }

    /** The instances that a path names, or that contain it. */
    private under(path: number[]): ObjectInstance[] {
        const [object, instance] = path
        return this.instances.filter(
            (candidate) => candidate.object === object && (path.length < 2 || candidate.instance === instance),
        )
    }

    private resourceAt(path: number[]): Resource | undefined {
        const [instance] = this.under(path)
        return instance.resources.find((resource) => resource.id === path[2])
    }

    /** Answers GET: Read, Observe, or Discover, which is a Read in link format. */
    private async get(path: number[], request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        if (uintOptionOf(request, CoapOption.ACCEPT, -1) === ContentFormat.LINK_FORMAT) return this.discover(path)
        if (uintOptionOf(request, CoapOption.OBSERVE, -1) < 0) return await this.read(path, request)
        const resource = this.observable(path)
        if (resource === undefined) return await this.read(path, request)
        const handler = resource.asHandler()
        return await handler(request, server)
    }

    private discover(path: number[]): CoapAnswer {
        const options = [uintOption(CoapOption.CONTENT_FORMAT, ContentFormat.LINK_FORMAT)]
        return { code: CoapCode.CONTENT, options, payload: Buffer.from(objectLinks(this.under(path), path)) }
    }

    private async read(path: number[], request: CoapMessage): Promise<CoapAnswer> {
        const resource = path.length < 3 ? undefined : this.resourceAt(path)
        if (resource !== undefined && resource.read === undefined) return refusal(CoapCode.METHOD_NOT_ALLOWED)
        let leaves: Leaf[] = []
        for (const instance of this.under(path)) leaves = [...leaves, ...(await leavesOf(instance, path))]
        if (path.length === 4 && leaves.length === 0) return refusal(CoapCode.NOT_FOUND)
        return (
            writeLeaves(path, leaves, uintOptionOf(request, CoapOption.ACCEPT, -1)) ?? refusal(CoapCode.NOT_ACCEPTABLE)
        )
    }

    /** Returns the observable resource for a path; undefined: there are too many such paths. Paths without observers are removed. */
    private observable(path: number[]): ObservableResource | undefined {
        const self = this
        const known = this.observed.find((other) => isSamePath(other.path, path))
        if (known !== undefined) return known.resource
        this.observed = this.observed.filter((other) => other.resource.observerCount() > 0)
        if (this.observed.length >= OBSERVED_PATHS) return undefined
        const handler: CoapHandler = async (request) => await self.read(path, request)
        const resource = new ObservableResource(this.services, handler, 1)
        this.observed.push({ path, resource })
        return resource
    }

    /** Writes values. All values are checked before the first one is written. */
    private async write(path: number[], request: CoapMessage): Promise<CoapAnswer> {
        // Write-Attributes has no body. Only a Bootstrap-Server may create or write a whole object.
        if (path.length < 2 || path.length > 3 || optionOf(request, CoapOption.CONTENT_FORMAT) === undefined)
            return refusal(CoapCode.METHOD_NOT_ALLOWED)
        const [instance] = this.under(path)
        const written = readWrites(instance, path, request)
        if (typeof written === "number") return refusal(written)
        for (const value of written) await take(value)
        for (const value of written) this.changed(instance.object, instance.instance, value.resource.id)
        return refusal(CoapCode.CHANGED)
    }

    private async execute(path: number[], request: CoapMessage): Promise<CoapAnswer> {
        const resource = this.resourceAt(path) as Resource
        const { execute } = resource
        if (execute === undefined) return refusal(CoapCode.METHOD_NOT_ALLOWED)
        await execute(request.payload.toString())
        return refusal(CoapCode.CHANGED)
    }
}

async function take(written: WrittenValue): Promise<void> {
    const { write } = written.resource
    if (write !== undefined) await write(written.value)
}

/** Makes an answer without a body, for success or failure. */
function refusal(code: CoapCode): CoapAnswer {
    return { code, options: [], payload: Buffer.alloc(0) }
}

function isSamePath(a: number[], b: number[]): boolean {
    return a.length === b.length && a.every((segment, i) => segment === b[i])
}

/** The ids in a path of one to four segments; undefined if the path is not of this form. */
function pathOf(request: CoapMessage): number[] | undefined {
    const path = textOptionsOf(request, CoapOption.URI_PATH).map(idOf)
    return path.length > 0 && path.length <= 4 && path.every((id) => id >= 0) ? path : undefined
}

/** Parses an id, 0 to 65534, in decimal digits. Returns -1 for anything else. */
function idOf(text: string): number {
    const id = text.length > 0 && text.length <= 5 ? parseInt(text) : -1
    return id >= 0 && id < 65535 && "" + id === text ? id : -1
}
