import { CoapCode, CoapOption, ContentFormat } from "./code-points.js"
import { type Link, type LinkAttribute, writeLinkFormat } from "./link-format.js"
import { type CoapMessage, textOptionsOf, uintOption } from "./message.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "./server.js"

interface Route {
    link: Link
    handlers: MethodHandler[]
}

/** The handler for a method. */
export interface MethodHandler {
    method: CoapCode
    handler: CoapHandler
}

/**
 * Selects the handler by path and method, and lists the resources with their attributes at /.well-known/core (RFC 6690 §4). An unknown path
 * is answered with 4.04, an unsupported method with 4.05.
 * @devsWhenUsed
 */
export class CoapRouter {
    private routes: Route[] = []

    /**
     * @param path segments, one for each Uri-Path option
     * @param attributes such as rt, if, ct, obs (RFC 6690 §3, RFC 7641 §6)
     */
    addRoute(path: string[], attributes: LinkAttribute[], handlers: MethodHandler[]): void {
        this.routes.push({ link: { path, attributes }, handlers })
    }

    asHandler(): CoapHandler {
        const self = this
        return async (request, server) => await self.handle(request, server)
    }

    private async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const path = textOptionsOf(request, CoapOption.URI_PATH)
        const route = this.routes.find((candidate) => isSamePath(candidate.link.path, path))
        if (route === undefined)
            return isSamePath(path, [".well-known", "core"]) ? this.discovery(request) : refusal(CoapCode.NOT_FOUND)
        const found = route.handlers.find((candidate) => candidate.method === request.code)
        if (found === undefined) return refusal(CoapCode.METHOD_NOT_ALLOWED)
        const { handler } = found
        return await handler(request, server)
    }

    /** Lists the resources. A query selects the links with a certain attribute (RFC 6690 §4.1): rt=temperature, rt=temp*, href=/a. */
    private discovery(request: CoapMessage): CoapAnswer {
        if (request.code !== CoapCode.GET) return refusal(CoapCode.METHOD_NOT_ALLOWED)
        const queries = textOptionsOf(request, CoapOption.URI_QUERY)
        const links = this.routes
            .map((route) => route.link)
            .filter((link) => queries.every((query) => isMatching(link, query)))
        const options = [uintOption(CoapOption.CONTENT_FORMAT, ContentFormat.LINK_FORMAT)]
        return { code: CoapCode.CONTENT, options, payload: Buffer.from(writeLinkFormat(links)) }
    }
}

function isSamePath(a: string[], b: string[]): boolean {
    return a.length === b.length && a.every((segment, i) => segment === b[i])
}

function isMatching(link: Link, query: string): boolean {
    const equals = query.indexOf("=")
    if (equals < 0) return false
    const name = query.slice(0, equals)
    const wanted = query.slice(equals + 1)
    if (name === "href") return isMatchingValue("/" + link.path.join("/"), wanted)
    // The values of some attributes are lists of words (RFC 6690 §3.1).
    return link.attributes.some(
        (attribute) =>
            attribute.name === name &&
            attribute.value !== undefined &&
            ("" + attribute.value).split(" ").some((value) => isMatchingValue(value, wanted)),
    )
}

/** Whether a value matches. "*" at the end of `wanted` stands for any text. */
function isMatchingValue(value: string, wanted: string): boolean {
    return wanted.endsWith("*") ? value.startsWith(wanted.slice(0, wanted.length - 1)) : value === wanted
}

function refusal(code: CoapCode): CoapAnswer {
    return { code, options: [], payload: Buffer.alloc(0) }
}
