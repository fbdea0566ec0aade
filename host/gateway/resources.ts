import { createHash } from "node:crypto"
import { preconditionAnswer } from "../../src/coap/conditional.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../../src/coap/code-points.js"
import { type CoapMessage, textOption, textOptionsOf, uintOption, uintOptionOf } from "../../src/coap/message.js"
import { writeLinkFormat } from "../../src/coap/link-format.js"
import { type CoapAnswer } from "../../src/coap/server.js"
import { readSenmlCbor, type ResolvedRecord } from "../../src/coap/senml.js"
import { readSenmlJson } from "../../src/coap/senml-json.js"
import { coapPathText } from "../../src/coap/uri.js"

/** A received value, independent of its format. */
export interface ArrivedReading {
    name: string
    value: number
    unit: string
}

interface Resource {
    /** identity of the client that created it, as hex; only that client may write to it, unless its path is shared */
    owner: string
    segments: string[]
    format: number
    payload: Buffer
    /** only for resources of the gateway itself */
    etag?: Buffer
}

/** Owner of the gateway's own resources; not a possible identity. */
const OWN = "the gateway"

/**
 * Limits on resources, in total and per identity, so that a client can neither fill the memory nor use up other
 * clients' share.
 */
const MAX_RESOURCES = 1000
const MAX_RESOURCES_OF_ONE = 100

/** Length of an ETag, bytes. */
const ETAG_LENGTH = 8

/** Time after which a client should try a full gateway again, s (RFC 7252 §5.9.3.4). */
const RETRY_AFTER = 60

/** Path of the list of resources (RFC 6690 §4). */
const DISCOVERY = "/.well-known/core"

/** Extracts readings from a payload in a format that sensors send; undefined if it contains none. */
export function readReadings(format: number, payload: Buffer, path: string): ArrivedReading[] | undefined {
    if (format === ContentFormat.SENML_CBOR) return numbersOf(readSenmlCbor(payload))
    if (format === ContentFormat.SENML_JSON) return numbersOf(readSenmlJson(payload))
    if (format === ContentFormat.JSON) return readJson(payload.toString())
    return readText(payload.toString(), lastPart(path))
}

function numbersOf(records: ResolvedRecord[] | undefined): ArrivedReading[] | undefined {
    return records?.flatMap(({ name, value, unit }) =>
        typeof value === "number" ? [{ name: lastPart(name), value, unit }] : [],
    )
}

/** A base name ends with a separator; the rest is the quantity. */
function lastPart(name: string): string {
    return name.replace(/^.*[:/]/, "")
}

function readJson(text: string): ArrivedReading[] | undefined {
    let parsed: unknown
    try {
        parsed = JSON.parse(text)
    } catch {
        return undefined
    }
    if (typeof parsed !== "object" || parsed === null) return undefined
    const readings: ArrivedReading[] = []
    for (const [name, entry] of Object.entries(parsed as Record<string, unknown>)) {
        const { value, unit } = (entry ?? {}) as { value?: unknown; unit?: unknown }
        if (typeof value !== "number" || !Number.isFinite(value) || typeof unit !== "string") return undefined
        readings.push({ name, value, unit })
    }
    return readings
}

/**
 * Lines "name value unit" with finite values of at most 300 digits; a number alone is a reading of the resource it was
 * posted to.
 */
function readText(text: string, resource: string): ArrivedReading[] | undefined {
    if (/^-?\d{1,300}(\.\d+)?$/.test(text.trim())) return [{ name: resource, value: Number(text), unit: "" }]
    const readings = text.split("\n").map((line) => /^(\w+) (-?\d{1,300}(?:\.\d+)?) (\S+)$/.exec(line))
    if (readings.some((match) => match === null)) return undefined
    return readings.map((match) => {
        const [, name, value, unit] = match as unknown as [string, string, string, string]
        return { name, value: Number(value), unit }
    })
}

/** The sender of a request, and callbacks for its content. */
export interface Requester {
    /** its identity in the DTLS session, as hex */
    identity: string
    /**
     * A payload with readings was received, and is stored after this call.
     * @returns the answer if it cannot be accepted now: then it is not stored
     */
    readings(path: string, readings: ArrivedReading[]): CoapAnswer | undefined
    /** a payload without readings was stored */
    unread(path: string, format: number, payload: Buffer): void
    /** it tried to write to another client's path */
    refused(path: string): void
}

/**
 * The gateway's resources: what is put or posted to a path can be read from it by every client. A path belongs to the
 * identity that created it: other clients cannot overwrite it unless the path is shared, and can never delete it.
 */
export class Resources {
    private byPath = new Map<string, Resource>()
    private countOf = new Map<string, number>()
    private watchers: ((path: string) => void)[] = []

    /**
     * @param shared paths to which, and below which, every client may write: "/readings"; "/" for all
     * @param limit on the total number of resources
     */
    constructor(
        private shared: string[],
        private limit = MAX_RESOURCES,
    ) {}

    /**
     * @param changed called with the path of each resource that gets a new representation or is deleted
     * @returns a function that ends this
     */
    watch(changed: (path: string) => void): () => void {
        this.watchers.push(changed)
        return () => void (this.watchers = this.watchers.filter((other) => other !== changed))
    }

    /** Sets a read-only resource of the gateway itself. @returns false if nothing has changed */
    provide(segments: string[], format: number, payload: Buffer): boolean {
        const path = coapPathText(segments)
        const etag = createHash("sha256").update(payload).digest().subarray(0, ETAG_LENGTH)
        const known = this.byPath.get(path)
        if (known?.etag?.equals(etag) === true) return false
        if (known !== undefined && known.owner !== OWN) this.count(known.owner, -1)
        this.byPath.set(path, { owner: OWN, segments, format, payload, etag })
        this.tellChanged(path)
        return true
    }

    /** Removes a resource set by `provide`. */
    withdraw(segments: string[]): void {
        const path = coapPathText(segments)
        if (this.byPath.get(path)?.owner !== OWN) return
        this.byPath.delete(path)
        this.tellChanged(path)
    }

    private tellChanged(path: string): void {
        for (const changed of this.watchers) changed(path)
    }

    handle(request: CoapMessage, from: Requester): CoapAnswer {
        const segments = textOptionsOf(request, CoapOption.URI_PATH)
        const path = coapPathText(segments)
        if (path === DISCOVERY) return this.discover(request)
        switch (request.code) {
            case CoapCode.GET:
                return this.get(path, request)
            case CoapCode.POST:
            case CoapCode.PUT:
                return this.store(path, segments, request, from)
            case CoapCode.DELETE:
                return this.remove(path, from)
            default:
                return refusal(CoapCode.METHOD_NOT_ALLOWED, `method ${codeText(request.code)} is not known`)
        }
    }

    private get(path: string, request: CoapMessage): CoapAnswer {
        const resource = this.byPath.get(path)
        if (resource === undefined) return refusal(CoapCode.NOT_FOUND, `nothing was posted to ${path} yet`)
        const { format, payload, etag } = resource
        if (etag === undefined) return content(request, format, payload)
        const answer = preconditionAnswer(request, etag) ?? content(request, format, payload)
        if (answer.code === CoapCode.CONTENT) answer.options.push({ number: CoapOption.ETAG, value: etag })
        return answer
    }

    /** RFC 6690 §4; query filters, which are optional, are not supported. */
    private discover(request: CoapMessage): CoapAnswer {
        if (request.code !== CoapCode.GET) return refusal(CoapCode.METHOD_NOT_ALLOWED, "only GET is possible here")
        const links = [...this.byPath.values()].map(({ segments, format }) => ({
            path: segments,
            attributes: [
                { name: "ct", value: format },
                { name: "obs", value: undefined },
            ],
        }))
        return content(request, ContentFormat.LINK_FORMAT, Buffer.from(writeLinkFormat(links)))
    }

    private remove(path: string, from: Requester): CoapAnswer {
        const resource = this.byPath.get(path)
        if (resource !== undefined) {
            if (resource.owner !== from.identity) return this.notYours(path, from)
            this.byPath.delete(path)
            this.count(resource.owner, -1)
            this.tellChanged(path)
        }
        return { code: CoapCode.DELETED, options: [], payload: Buffer.alloc(0) }
    }

    private mayWrite(path: string, resource: Resource, from: Requester): boolean {
        if (resource.owner === OWN) return false
        return resource.owner === from.identity || this.shared.some((root) => isAtOrBelow(path, root))
    }

    private count(owner: string, change: number): void {
        const count = (this.countOf.get(owner) ?? 0) + change
        if (count === 0) this.countOf.delete(owner)
        else this.countOf.set(owner, count)
    }

    /** Why no resource can be added; undefined: there is room. */
    private noRoomFor(owner: string): CoapAnswer | undefined {
        if ((this.countOf.get(owner) ?? 0) >= MAX_RESOURCES_OF_ONE)
            return refusal(
                CoapCode.FORBIDDEN,
                `a client has at most ${MAX_RESOURCES_OF_ONE} resources: delete one first`,
            )
        if (this.byPath.size < this.limit) return undefined
        return notNow(`there are ${this.limit} resources already`, RETRY_AFTER)
    }

    /** Does not reveal who owns the path. */
    private notYours(path: string, from: Requester): CoapAnswer {
        from.refused(path)
        return refusal(CoapCode.FORBIDDEN, `${path} belongs to another client`)
    }

    private store(path: string, segments: string[], request: CoapMessage, from: Requester): CoapAnswer {
        const known = this.byPath.get(path)
        if (known !== undefined && !this.mayWrite(path, known, from)) return this.notYours(path, from)
        const noRoom = known === undefined ? this.noRoomFor(from.identity) : undefined
        if (noRoom !== undefined) return noRoom
        const format = uintOptionOf(request, CoapOption.CONTENT_FORMAT, ContentFormat.TEXT)
        const readings = readReadings(format, request.payload, path)
        const isSenml = format === ContentFormat.SENML_CBOR || format === ContentFormat.SENML_JSON
        if (readings === undefined && isSenml)
            return refusal(CoapCode.BAD_REQUEST, "not a SenML pack that can be used (docs/coap.md)")
        const postponed = readings === undefined ? undefined : from.readings(path, readings)
        if (postponed !== undefined) return postponed
        const owner = known === undefined ? from.identity : known.owner
        if (known === undefined) this.count(owner, 1)
        this.byPath.set(path, { owner, segments, format, payload: request.payload })
        this.tellChanged(path)
        if (readings === undefined) from.unread(path, format, request.payload)
        if (known !== undefined) return { code: CoapCode.CHANGED, options: [], payload: Buffer.alloc(0) }
        const location = segments.map((part) => textOption(CoapOption.LOCATION_PATH, part))
        return { code: CoapCode.CREATED, options: location, payload: Buffer.alloc(0) }
    }
}

/** A representation, if the client accepts its format (RFC 7252 §5.10.4). */
function content(request: CoapMessage, format: number, payload: Buffer): CoapAnswer {
    const accepted = uintOptionOf(request, CoapOption.ACCEPT, format)
    if (accepted !== format) return refusal(CoapCode.NOT_ACCEPTABLE, `only format ${format}`)
    return { code: CoapCode.CONTENT, options: [uintOption(CoapOption.CONTENT_FORMAT, format)], payload }
}

/** Whether a path is `root` or below it; every path is below "/". */
export function isAtOrBelow(path: string, root: string): boolean {
    return root === "/" || path === root || path.startsWith(`${root}/`)
}

/** 5.03 with Max-Age (RFC 7252 §5.9.3.4). @param retryAfter time after which the client should try again, s */
export function notNow(diagnostic: string, retryAfter: number): CoapAnswer {
    const options = [uintOption(CoapOption.MAX_AGE, retryAfter)]
    return { ...refusal(CoapCode.SERVICE_UNAVAILABLE, diagnostic), options }
}

export function refusal(code: CoapCode, diagnostic: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(diagnostic) }
}
