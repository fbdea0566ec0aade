import { copyOf, equal, join } from "../../src/dtls/bytes/bytes.js"
import { writeUint } from "../../src/dtls/bytes/integers.js"
import { type HelloFragment, readHelloFragment } from "../../src/dtls/endpoint/hello-fragment.js"
import { serverRole } from "../../src/dtls/association/v12/roles.js"
import { CookieExchange } from "../../src/dtls/endpoint/cookie-exchange.js"
import { type AdmittedHello } from "../../src/dtls/endpoint/hello-exchange.js"
import { COOKIE_LENGTH } from "../../src/dtls/handshake/cookies.js"
import { DiscardCounters } from "../../src/dtls/record/discard.js"
import { type ClientHelloStart } from "../../src/dtls/wire/client-hello.js"
import { testSettings } from "../engine/simulation.js"
import { NativeCrypto } from "./native-crypto.js"
import { flightsFor } from "./pair.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

const RECORD_HEADER = 13
const HANDSHAKE_HEADER = 12
/** Offset of the cookie in a HelloVerifyRequest: headers, version, length of the cookie. */
const COOKIE_IN_ANSWER = RECORD_HEADER + HANDSHAKE_HEADER + 3
/** Times of the exchange's creation, and of the datagrams, ms. */
const OPENED = 0
const ASKED = 1000

/** The hello with the cookie from its answer; undefined if a length field would overflow. */
function withCookie(hello: HelloFragment, start: ClientHelloStart, cookie: Buffer): Buffer | undefined {
    const { datagram, header } = hello
    const at = RECORD_HEADER + HANDSHAKE_HEADER + 2 + start.random.length + 1 + start.sessionId.length
    const grows = cookie.length - start.cookie.length
    const fragmentEnd = RECORD_HEADER + HANDSHAKE_HEADER + header.fragmentLength
    const fragmentLength = header.fragmentLength + grows
    if (fragmentLength + HANDSHAKE_HEADER > 65535 || header.length + grows > 0xffffff) return undefined
    const made = join([
        copyOf(datagram, 0, at),
        Buffer.from([cookie.length]),
        cookie,
        copyOf(datagram, at + 1 + start.cookie.length, fragmentEnd),
    ])
    writeUint(made, RECORD_HEADER - 2, HANDSHAKE_HEADER + fragmentLength, 2)
    writeUint(made, RECORD_HEADER + 1, header.length + grows, 3)
    writeUint(made, RECORD_HEADER + 9, fragmentLength, 3)
    return made
}

/** Delivers a datagram from this address to the exchange. */
function admitted(gate: CookieExchange, key: string, datagram: Buffer): AdmittedHello | undefined {
    const hello = readHelloFragment(datagram, datagram.length)
    return hello === undefined ? undefined : gate.take(hello, { key, address: key }, ASKED)
}

/** @returns the answer to a hello without a valid cookie; undefined if there is none */
function answerTo(gate: CookieExchange, hello: HelloFragment): Buffer | undefined {
    promise(gate.take(hello, { key: "one", address: "one" }, ASKED) === undefined, "nobody guesses a cookie")
    promise(gate.partialCount() === 0, "nothing is kept of a hello without a cookie")
    const reply = gate.replies.shift()
    return reply === undefined ? undefined : reply.data
}

function checkAnswer(gate: CookieExchange, hello: HelloFragment, start: ClientHelloStart, answer: Buffer): void {
    promise(answer.length <= hello.length, "an unknown client gets no more bytes than it sent")
    const cookie = copyOf(answer, COOKIE_IN_ANSWER, answer.length)
    promise(cookie.length === COOKIE_LENGTH, "the answer ends with a cookie")
    const again = withCookie(hello, start, cookie)
    if (again === undefined) return
    const isWhole = hello.header.fragmentLength === hello.header.length
    promise(!isWhole || admitted(gate, "one", again) !== undefined, "the cookie opens the gate to its address")
    promise(admitted(gate, "two", again) === undefined, "it does not open it to another address")
    cookie[0] = cookie[0] ^ 1
    const forged = withCookie(hello, start, cookie) as Buffer
    promise(admitted(gate, "one", forged) === undefined, "another cookie does not open it")
}

function prepare(): FuzzRun {
    const gate = new CookieExchange(testSettings(new NativeCrypto(3)), new DiscardCounters(), OPENED, serverRole())
    return async (input) => {
        const hello = readHelloFragment(input, input.length)
        if (hello === undefined) return
        const answer = answerTo(gate, hello)
        const again = answerTo(gate, hello)
        promise((answer === undefined) === (again === undefined), "the gate keeps nothing")
        if (answer === undefined || again === undefined) return
        promise(equal(answer, again), "the gate keeps nothing")
        promise(hello.start !== undefined, "only first fragments are answered")
        if (hello.start !== undefined) checkAnswer(gate, hello, hello.start, answer)
    }
}

/** The cookie exchange that hellos from unknown peers have to pass. */
export function cookieTarget(): FuzzTarget {
    return { states: 1, prepare, seeds: () => flightsFor(true, 0) }
}
