import { copyOf, equal, join } from "../../src/dtls/bytes/bytes.js"
import { type FirstFragment, HelloGate, readFirstFragment } from "../../src/dtls/endpoint/hello-gate.js"
import { COOKIE_LENGTH } from "../../src/dtls/handshake/cookies.js"
import { writeUint } from "../../src/dtls/bytes/integers.js"
import { NativeCrypto } from "./native-crypto.js"
import { flightsFor } from "./pair.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

const RECORD_HEADER = 13
const HANDSHAKE_HEADER = 12
/** Of the HelloVerifyRequest: headers, version, length of the cookie. */
const COOKIE_IN_ANSWER = RECORD_HEADER + HANDSHAKE_HEADER + 3
/** When the gate opens, and when it is asked, ms. */
const OPENED = 0
const ASKED = 1000

function addressOf(text: string): Buffer {
    return Buffer.from(text)
}

/** The hello again, with the cookie that it was answered with; undefined when a length field would not hold it. */
function withCookie(datagram: Buffer, hello: FirstFragment, cookie: Buffer): Buffer | undefined {
    const { start, header } = hello
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

function admits(gate: HelloGate, address: string, datagram: Buffer): boolean {
    const hello = readFirstFragment(datagram, datagram.length)
    return hello !== undefined && gate.admits(addressOf(address), hello, ASKED)
}

function checkAnswer(gate: HelloGate, datagram: Buffer, hello: FirstFragment, answer: Buffer): void {
    promise(answer.length <= datagram.length, "a stranger gets no more bytes than it sent")
    const cookie = copyOf(answer, COOKIE_IN_ANSWER, answer.length)
    promise(cookie.length === COOKIE_LENGTH, "the answer ends with a cookie")
    const again = withCookie(datagram, hello, cookie)
    if (again === undefined) return
    promise(admits(gate, "one", again), "the cookie opens the gate to its address")
    promise(!admits(gate, "two", again), "it does not open it to another address")
    cookie[0] = cookie[0] ^ 1
    promise(!admits(gate, "one", withCookie(datagram, hello, cookie) as Buffer), "another cookie does not open it")
}

function prepare(): FuzzRun {
    const gate = new HelloGate(new NativeCrypto(3), OPENED)
    return async (input) => {
        const hello = readFirstFragment(input, input.length)
        if (hello === undefined) return
        promise(hello.start.random.length === 32, "a hello has a random")
        promise(!gate.admits(addressOf("one"), hello, ASKED), "nobody guesses a cookie")
        const answer = gate.challenge(addressOf("one"), hello, input.length)
        const again = gate.challenge(addressOf("one"), hello, input.length)
        promise((answer === undefined) === (again === undefined), "the gate keeps nothing")
        if (answer === undefined || again === undefined) return
        promise(equal(answer, again), "the gate keeps nothing")
        checkAnswer(gate, input, hello, answer)
    }
}

/** The gate that hellos of unknown peers meet. */
export function cookieTarget(): FuzzTarget {
    return { states: 1, prepare, seeds: () => flightsFor(true, 0) }
}
