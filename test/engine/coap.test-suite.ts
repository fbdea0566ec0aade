import { CoapCode, CoapOption, codeText, CoapType, isResponse } from "../../src/coap/code-points.js"
import { type Link, writeLinkFormat } from "../../src/coap/link-format.js"
import {
    type CoapMessage,
    type Option,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../../src/coap/message.js"
import { newMessageIds, takeMessageId } from "../../src/coap/message-ids.js"
import { unrecognizedCritical, usableOptions } from "../../src/coap/options.js"
import { type Seen, SeenIds } from "../../src/coap/seen-ids.js"
import { coapPathText, coapUriText, parseCoapsUri } from "../../src/coap/uri.js"
import { type Kit } from "../kit.js"

function post(): CoapMessage {
    return {
        type: CoapType.CON,
        code: CoapCode.POST,
        messageId: 0x1234,
        token: Buffer.from("aabb", "hex"),
        options: [uintOption(12, 112), textOption(11, "readings"), textOption(15, "x=1"), uintOption(60, 300)],
        payload: Buffer.from("hi"),
    }
}

/** The URI written back after parsing; if it is refused, the argument named by the error. */
function uriText(uri: string): string {
    try {
        return coapUriText(parseCoapsUri(uri))
    } catch (error) {
        return (error as { argument: string }).argument
    }
}

/** An option with a value of `length` letters. */
function optionOf(number: number, length: number): Option {
    const value = Buffer.alloc(length)
    for (let i = 0; i < length; i++) value[i] = 97
    return { number, value }
}

/** The number of the first critical option that must be refused, 0 for none. All options of RFC 7252 are supported. */
function refusedIn(options: Option[]): number {
    const message = post()
    message.options = options
    const refused = unrecognizedCritical(message, [1, 3, 5, 7, 11, 15, 17, 35, 39])
    return refused === undefined ? 0 : refused.number
}

function linkRefusal(link: Link): string {
    try {
        return writeLinkFormat([link])
    } catch (error) {
        return (error as { argument: string }).argument
    }
}

export function coapTests(t: Kit): void {
    t.describe("CoAP messages", () => {
        t.test("survive the round trip, options sorted", async () => {
            const bytes = writeCoapMessage(post())
            t.equal(bytes.toString("hex"), "42021234aabbb872656164696e6773117033783d31d2200" + "12cff6869")
            const read = readCoapMessage(bytes, bytes.length)
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(textOptionsOf(read, 11).join("/"), "readings")
            t.equal(uintOptionOf(read, 60, 0), 300)
            t.equal(uintOptionOf(read, 17, -1), -1)
            t.equal(read.payload.toString(), "hi")
        })
        t.test("encode a zero option as no bytes, and large integers as far as they fit", async () => {
            for (const value of [0, 1, 255, 256, 65535, 16777216, 4294967295]) {
                const message = post()
                message.options = [uintOption(12, value)]
                const bytes = writeCoapMessage(message)
                const read = readCoapMessage(bytes, bytes.length)
                t.equal(read === undefined ? -1 : uintOptionOf(read, 12, -1), value)
            }
            t.equal(uintOption(12, 0).value.length, 0)
            const long = { number: 12, value: Buffer.from("0001020304050607", "hex") }
            const message = post()
            message.options = [long]
            t.equal(uintOptionOf(message, 12, -1), 0x000102030405)
        })
        t.test("that are malformed decode to undefined", async () => {
            for (const hex of [
                "",
                "40",
                "49020000",
                "80020000",
                "40020000ff",
                "40020000f0",
                "40020000d1",
                "4000000001",
            ]) {
                const data = Buffer.from(hex, "hex")
                t.equal(readCoapMessage(data, data.length), undefined)
            }
        })
        t.test("codes print as the RFC writes them", async () => {
            t.equal(codeText(CoapCode.CHANGED), "2.04")
            t.equal(codeText(CoapCode.SERVICE_UNAVAILABLE), "5.03")
        })
        t.test("message ids are remembered up to the limit and for their lifetime", async () => {
            const seen = new SeenIds(2)
            seen.add(1, 0)
            const second = seen.add(2, 0)
            seen.add(3, 1000)
            t.equal(seen.find(1, 1000) === undefined, true)
            t.equal(seen.find(2, 1000) === second, true)
            t.equal(seen.find(2, 247000) === undefined, true)
            t.equal(seen.find(3, 247000) !== undefined, true)
            seen.forgetSeen(seen.find(3, 247000) as Seen)
            t.equal(seen.find(3, 247000) === undefined, true)
        })
        t.test("ids are not reused within EXCHANGE_LIFETIME", async () => {
            const ids = newMessageIds(Buffer.from("7fff", "hex"))
            t.equal(takeMessageId(ids, 1000), 0x7fff)
            t.equal(takeMessageId(ids, 2000), 0x8000)
            // All ids of the half that begins with 0x8000 have been used.
            ids.next = 0
            t.equal(takeMessageId(ids, 2000 + 246999), -1)
            t.equal(takeMessageId(ids, 2000 + 247000), 0)
            t.equal(takeMessageId(ids, 2000 + 247000), 1)
            ids.next = 0xffff
            t.equal(takeMessageId(ids, 300000), 0xffff)
            t.equal(ids.next, 0)
        })
        t.test("codes of class 1, 3, 6 and 7 and requests are not responses", async () => {
            for (const code of [
                CoapCode.CREATED,
                CoapCode.CONTENT,
                CoapCode.BAD_OPTION,
                CoapCode.PROXYING_NOT_SUPPORTED,
            ])
                t.equal(isResponse(code), true)
            for (const code of [0, 1, 31, 32, 63, 96, 192, 225, 255]) t.equal(isResponse(code), false)
        })
    })
    t.describe("CoAP options", () => {
        t.test("must have the lengths of RFC 7252 §5.10's table, or count as unrecognized", async () => {
            // Number, minimum and maximum length.
            const critical = [
                "1 0 8",
                "3 1 255",
                "5 0 0",
                "7 0 2",
                "11 0 255",
                "15 0 255",
                "17 0 2",
                "35 1 1034",
                "39 1 255",
            ]
            for (const line of critical) {
                const parts = line.split(" ")
                const number = parseInt(parts[0] as string)
                const least = parseInt(parts[1] as string)
                const most = parseInt(parts[2] as string)
                t.equal(refusedIn([optionOf(number, least)]), 0)
                t.equal(refusedIn([optionOf(number, most)]), 0)
                t.equal(refusedIn([optionOf(number, most + 1)]), number)
                if (least > 0) t.equal(refusedIn([optionOf(number, least - 1)]), number)
            }
        })
        t.test("that are not repeatable count as unrecognized from the second one on", async () => {
            for (const number of [CoapOption.URI_HOST, CoapOption.URI_PORT, CoapOption.ACCEPT, CoapOption.PROXY_URI])
                t.equal(refusedIn([optionOf(number, 1), optionOf(number, 1)]), number)
            for (const number of [CoapOption.IF_MATCH, CoapOption.URI_PATH, CoapOption.URI_QUERY])
                t.equal(refusedIn([optionOf(number, 1), optionOf(number, 1)]), 0)
        })
        t.test("that are critical and unknown, not UTF-8, or a dot segment are refused", async () => {
            t.equal(refusedIn([optionOf(9, 1)]), 9)
            t.equal(refusedIn([optionOf(65001, 0)]), 65001)
            t.equal(refusedIn([{ number: 11, value: Buffer.from("ff", "hex") }]), 11)
            t.equal(refusedIn([{ number: 15, value: Buffer.from("c328", "hex") }]), 15)
            t.equal(refusedIn([textOption(11, ".")]), 11)
            t.equal(refusedIn([textOption(11, "..")]), 11)
            t.equal(refusedIn([textOption(11, "..."), textOption(15, "..")]), 0)
        })
        t.test("that are elective and malformed or repeated are ignored; unknown ones reach the handler", async () => {
            const options = [
                uintOption(12, 50),
                uintOption(12, 60),
                optionOf(14, 5),
                optionOf(65002, 1),
                optionOf(65002, 1),
                optionOf(11, 1),
            ]
            const usable = usableOptions(options)
            t.equal(usable.map((option) => option.number).join(), "12,65002,65002,11")
            t.equal((usable[0] as Option).value[0], 50)
            t.equal(usableOptions([optionOf(12, 3)]).length, 0)
        })
    })
    t.describe("link format", () => {
        t.test("percent-encodes paths and quotes texts, so that neither can start a link or an attribute", async () => {
            const links = [
                { path: ["a", "b"], attributes: [{ name: "ct", value: 112 }] },
                { path: ['q>;rt="x",</admin'], attributes: [] },
                { path: ["a/b", "c,d"], attributes: [{ name: "title", value: 'a "b" \\;c=1,<d>' }] },
                { path: [], attributes: [] },
            ]
            t.equal(
                writeLinkFormat(links),
                "</a/b>;ct=112,</q%3E%3Brt=%22x%22%2C%3C%2Fadmin>,</a%2Fb/c%2Cd>;title=" +
                    '"a \\"b\\" \\\\;c=1,<d>",</>',
            )
        })
        t.test("has no attributes that could escape their link", async () => {
            t.equal(linkRefusal({ path: ["a"], attributes: [{ name: "rt=", value: 1 }] }), "name")
            t.equal(linkRefusal({ path: ["a"], attributes: [{ name: "", value: 1 }] }), "name")
            t.equal(linkRefusal({ path: ["a"], attributes: [{ name: "rt", value: "a\nb" }] }), "value")
            t.equal(linkRefusal({ path: ["a"], attributes: [{ name: "sz", value: 1.5 }] }), "value")
            t.equal(linkRefusal({ path: ["a"], attributes: [{ name: "sz", value: 0 / 0 }] }), "value")
        })
    })
    t.describe("coaps URIs", () => {
        t.test("survive parsing and formatting", async () => {
            const uri = parseCoapsUri("coaps://[2001:db8::1]:6000/a/b%20c?x=1&y")
            t.equal(uri.host, "2001:db8::1")
            t.equal(uri.port, 6000)
            t.equal(uri.path.join("|"), "a|b c")
            t.equal(uri.query.join("|"), "x=1|y")
            t.equal(coapUriText(uri), "coaps://[2001:db8::1]:6000/a/b%20c?x=1&y")
            t.equal(parseCoapsUri("coaps://host").port, 5684)
            t.equal(parseCoapsUri("COAPS://host:/x").port, 5684)
            t.equal(parseCoapsUri("coaps://host?q/r").query.join("|"), "q/r")
        })
        t.test("keep the zone of an address, whatever characters it has (RFC 6874)", async () => {
            t.equal(uriText("coaps://[fe80::1%25e%25%2520]/a"), "coaps://[fe80::1%25e%25%2520]:5684/a")
        })
        t.test("that are equivalent give the same options (RFC 7252 §6.3)", async () => {
            for (const uri of [
                "coaps://example.com:5684/~sensors/temp.xml",
                "coaps://EXAMPLE.com/%7Esensors/temp.xml",
                "coaps://EXAMPLE.com:/%7esensors/temp.xml",
                "coaps://ex%61mple.com/./x/../~sensors/temp.xml",
                "coaps://example.com/../%2e%2E/~sensors/%2e/temp.xml",
            ])
                t.equal(uriText(uri), "coaps://example.com:5684/~sensors/temp.xml")
        })
        t.test("lose their dot segments and keep their empty ones", async () => {
            const paths = [
                "/a/../b b",
                "/a/.. ",
                "/a/b/.. a,",
                "/a/. a,",
                "/.. ",
                "/ ",
                " ",
                "// ,",
                "/a//b a,,b",
                "/a/ a,",
                "/... ...",
            ]
            for (const line of paths) {
                const at = line.indexOf(" ")
                t.equal(parseCoapsUri("coaps://h" + line.slice(0, at)).path.join(), line.slice(at + 1))
            }
        })
        t.test("give the same options after they were formatted", async () => {
            for (const uri of [
                "coaps://h:5684/",
                "coaps://h:5684/a%2Fb/c",
                "coaps://h:5684//a/",
                "coaps://h:5684/?",
                "coaps://h:5684/?a&&b%26c=d/e?f",
                "coaps://h:5684/%E2%98%83%00%7F%22%3C%3E%5C%5E%60%7B%7C%7D%25",
                "coaps://h:5684/!$&'()*+,;=:@-._~",
                "coaps://[::ffff:127.0.0.1]:1/x",
                "coaps://[fe80::1%25eth0]:5684/x",
                "coaps://[fe80::1%25a%2525b%5D%2Fc]:5684/x",
            ])
                t.equal(uriText(uri), uri)
            t.equal(parseCoapsUri("coaps://[fe80::1%25eth0]/").host, "fe80::1%eth0")
            t.equal(uriText("coaps://h/☃"), "coaps://h:5684/%E2%98%83")
        })
        t.test("distinguish a slash inside a segment from one between two", async () => {
            t.equal(coapPathText(["a/b"]), "/a%2Fb")
            t.equal(coapPathText(["a", "b"]), "/a/b")
            t.equal(coapPathText(["a", ""]), "/a/")
            t.equal(coapPathText([]), "/")
            t.equal(coapPathText([""]), "/")
        })
        t.test("that are malformed are refused with the argument's name", async () => {
            for (const uri of [
                "coaps://h/%ff",
                "coaps://h/%c3%28",
                "coaps://h/?%80",
                "coaps://h%ff/",
                "coaps://h%2Fx/",
                "coaps://h%20x/",
                "coaps://%/",
                "coaps://h/%4",
                "coaps://h/a b",
                "coaps://h/a\tb",
                'coaps://h/"a"',
                "coaps://h/<a>",
                "coaps://[::1]x/",
                "coaps://[::1%eth0]/",
                "coaps://[::g]/",
                "coaps://a:b:1/",
                "http://x/",
                "coaps://",
                "coaps://h:0/",
                "coaps://h:65536/",
                "coaps://h:x/",
                "coaps://[zz]/",
                "coaps://u@h/",
                "coaps://h/%zz",
                "coaps://[::1/",
                "coaps://[fe80::1%25eth0]%2F]/x",
                "coaps://h/#f",
                "coaps://a b/",
            ]) {
                let argument = ""
                try {
                    parseCoapsUri(uri)
                } catch (error) {
                    argument = (error as { argument: string }).argument
                }
                t.equal(argument, "uri")
            }
        })
    })
}
