import { CoapCode, CoapOption, codeText, ContentFormat } from "../../src/coap/code-points.js"
import { type CoapMessage, textOption, textOptionsOf, uintOption, uintOptionOf } from "../../src/coap/message.js"
import { type CoapAnswer } from "../../src/coap/server.js"
import { readSenmlCbor } from "../../src/coap/senml.js"

/** A value that arrived, whatever format it came in. */
export interface ArrivedReading {
    name: string
    value: number
    unit: string
}

interface Resource {
    format: number
    payload: Buffer
}

/** Largest number of resources kept: a client cannot fill the memory. */
const MAX_RESOURCES = 1000

const linkFormat: CoapAnswer["options"] = [uintOption(CoapOption.CONTENT_FORMAT, ContentFormat.LINK_FORMAT)]

/** Readings out of a payload of a format that sensors send; undefined when it is none. */
export function readReadings(format: number, payload: Buffer, path: string): ArrivedReading[] | undefined {
    if (format === ContentFormat.SENML_CBOR)
        return readSenmlCbor(payload)?.flatMap(({ name, value, unit }) =>
            typeof value === "number" ? [{ name: lastPart(name), value, unit }] : [],
        )
    if (format === ContentFormat.JSON) return readJson(payload.toString())
    return readText(payload.toString(), lastPart(path))
}

/** A base name ends with a separator; what stands behind it is the quantity. */
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
        if (typeof value !== "number" || typeof unit !== "string") return undefined
        readings.push({ name, value, unit })
    }
    return readings
}

/** Lines "name value unit"; a number alone is a reading of the resource it was posted to. */
function readText(text: string, resource: string): ArrivedReading[] | undefined {
    if (/^-?\d+(\.\d+)?$/.test(text.trim())) return [{ name: resource, value: Number(text), unit: "" }]
    const readings = text.split("\n").map((line) => /^(\w+) (-?\d+(?:\.\d+)?) (\S+)$/.exec(line))
    if (readings.some((match) => match === null)) return undefined
    return readings.map((match) => {
        const [, name, value, unit] = match as unknown as [string, string, string, string]
        return { name, value: Number(value), unit }
    })
}

/** The gateway's resources: whatever is put or posted to a path can be got from it. */
export class Resources {
    private byPath = new Map<string, Resource>()

    /** @param onReadings told of each payload that holds readings */
    constructor(private onReadings: (path: string, readings: ArrivedReading[]) => void) {}

    handle = (request: CoapMessage): CoapAnswer => {
        const path = `/${textOptionsOf(request, CoapOption.URI_PATH).join("/")}`
        switch (request.code) {
            case CoapCode.GET:
                return this.get(path, request)
            case CoapCode.POST:
            case CoapCode.PUT:
                return this.store(path, request)
            case CoapCode.DELETE:
                this.byPath.delete(path)
                return { code: CoapCode.DELETED, options: [], payload: Buffer.alloc(0) }
            default:
                return refusal(CoapCode.METHOD_NOT_ALLOWED, `method ${codeText(request.code)} is not known`)
        }
    }

    private get(path: string, request: CoapMessage): CoapAnswer {
        if (path === "/.well-known/core") return { code: CoapCode.CONTENT, options: linkFormat, payload: this.links() }
        const resource = this.byPath.get(path)
        if (resource === undefined) return refusal(CoapCode.NOT_FOUND, `nothing was posted to ${path} yet`)
        const accepted = uintOptionOf(request, CoapOption.ACCEPT, resource.format)
        if (accepted !== resource.format) return refusal(CoapCode.NOT_ACCEPTABLE, `only format ${resource.format}`)
        const options = [uintOption(CoapOption.CONTENT_FORMAT, resource.format)]
        return { code: CoapCode.CONTENT, options, payload: resource.payload }
    }

    private links(): Buffer {
        return Buffer.from([...this.byPath].map(([path, { format }]) => `<${path}>;ct=${format}`).join(","))
    }

    private store(path: string, request: CoapMessage): CoapAnswer {
        const known = this.byPath.has(path)
        if (!known && this.byPath.size >= MAX_RESOURCES) return refusal(CoapCode.FORBIDDEN, "too many resources")
        const format = uintOptionOf(request, CoapOption.CONTENT_FORMAT, ContentFormat.TEXT)
        this.byPath.set(path, { format, payload: request.payload })
        const readings = readReadings(format, request.payload, path)
        if (readings !== undefined) this.onReadings(path, readings)
        if (known) return { code: CoapCode.CHANGED, options: [], payload: Buffer.alloc(0) }
        const location = textOptionsOf(request, CoapOption.URI_PATH).map((part) =>
            textOption(CoapOption.LOCATION_PATH, part),
        )
        return { code: CoapCode.CREATED, options: location, payload: Buffer.alloc(0) }
    }
}

function refusal(code: CoapCode, diagnostic: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(diagnostic) }
}
