/*
 * npm run bench:timing: does the time of a comparison or look-up reveal anything about the secret? Like dudect
 * (Reparaz, Balasch and Verbauwhede, 2017), it runs two classes of input in random order and applies Welch's t-test to
 * their times. Node compiles at run time and collects garbage, so passing means only that no difference was found among
 * so many samples; on a loaded computer fewer differences are found. As a control, a comparison that stops early is
 * measured, too: if not even that is detected, the computer is too noisy. Exit codes: 0 nothing found, 1 a difference
 * found, 2 too noisy. --json for programs.
 */
import { randomBytes, randomInt } from "node:crypto"
import { PskStore } from "../host/credentials.js"
import { equal } from "../src/dtls/bytes/bytes.js"
import { Cookies } from "../src/dtls/handshake/cookies.js"
import { type Question, QuestionKind } from "../src/dtls/handshake/question.js"
import { type ClientHelloStart } from "../src/dtls/wire/client-hello.js"
import { DTLS_1_2 } from "../src/dtls/wire/code-points.js"
import { SinglePsk } from "../src/gio/credentials.js"
import { NodeCryptoProvider } from "../src/platform/node/crypto.js"
import { benchOptions, JSON_OPTION } from "./options.js"

const { json } = benchOptions<{ json?: boolean }>(
    "bench:timing",
    "whether the time of a comparison or look-up tells anything about the secret",
    [JSON_OPTION],
)

/**
 * dudect's bound for "probably leaks". With so many samples, the layout of code and caches alone can cause a t of 4.5.
 */
const THRESHOLD = 10
const SAMPLES = 20000
/** Share of samples that are used: the slowest ones are interrupts and collections. */
const KEPT = 0.9

interface Target {
    name: string
    /** calls per sample, so that a sample takes longer than the clock's resolution */
    calls: number
    /** the input of all calls: a class changes only its bytes */
    input: Buffer
    /** an input of class 0 or 1 */
    fill(group: number): Buffer
    run(): void
}

/** `secret` with one bit changed, in its first or its last byte. */
function almost(secret: Buffer, group: number): Buffer {
    const guess = Buffer.from(secret)
    guess[group === 0 ? 0 : guess.length - 1] ^= 1 << randomInt(8)
    return guess
}

function comparison(name: string, length: number, compare: (a: Buffer, b: Buffer) => boolean): Target {
    const secret = randomBytes(length)
    const input = Buffer.alloc(length)
    return { name, calls: 100, input, fill: (group) => almost(secret, group), run: () => void compare(secret, input) }
}

/** The control, whose leak must be detected. */
function stopsEarly(a: Buffer, b: Buffer): boolean {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
    return true
}

function cookieCheck(): Target {
    const cookies = new Cookies(new NodeCryptoProvider(), 0)
    const address = Buffer.from("192.0.2.1:5684")
    const hello = {
        version: DTLS_1_2,
        random: randomBytes(32),
        sessionId: Buffer.alloc(0),
        cookie: Buffer.alloc(32),
    } as ClientHelloStart
    const right = cookies.make(address, hello, Buffer.alloc(0))
    const first = right.subarray(0, right.length / 2)
    return {
        name: "cookie, first half wrong early or late",
        calls: 4,
        input: hello.cookie,
        fill: (group) => Buffer.concat([almost(first, group), right.subarray(first.length)]),
        run: () => void cookies.checkStart(address, hello),
    }
}

/** A source of pre-shared keys, which do not depend on the connection. */
interface KeySource {
    answer(question: Question): Promise<unknown>
}

function lookUp(name: string, source: KeySource, fill: (group: number) => Buffer): Target {
    const input = Buffer.alloc(16)
    const question: Question = { kind: QuestionKind.psk, identity: input, hint: undefined }
    return { name, calls: 50, input, fill, run: () => void source.answer(question) }
}

function targets(): Target[] {
    const known = randomBytes(16)
    const key = randomBytes(16)
    return [
        comparison("equal, 16 bytes", 16, equal),
        comparison("equal, 48 bytes", 48, equal),
        cookieCheck(),
        lookUp("single key, identity wrong early or late", new SinglePsk(known, key), (group) => almost(known, group)),
    ]
}

/**
 * Reported but not judged: V8 settles a promise of an object more slowly than one of undefined, and a hash table
 * compares a name only if it finds one. Both differences are some 20 ns, compared with half a millisecond for a
 * handshake that draws and derives the same in both cases.
 */
function knownOrUnknown(): Target[] {
    const known = randomBytes(16)
    const many = Array.from({ length: 1000 }, () => ({ identity: randomBytes(16), key: randomBytes(16) }))
    const anyOf = (): Buffer => many[randomInt(many.length)].identity
    return [
        lookUp("not judged: single key, known or unknown", new SinglePsk(known, randomBytes(16)), (group) =>
            group === 0 ? known : randomBytes(16),
        ),
        lookUp("not judged: 1000 keys, known or unknown", new PskStore(many), (group) =>
            group === 0 ? anyOf() : randomBytes(16),
        ),
    ]
}

function timeOf(target: Target): number {
    const { calls } = target
    const begun = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) target.run()
    return Number(process.hrtime.bigint() - begun)
}

/** Mean, and variance of the mean. */
function summary(times: number[]): { mean: number; variance: number } {
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length
    const squares = times.reduce((sum, time) => sum + (time - mean) ** 2, 0)
    return { mean, variance: squares / (times.length - 1) / times.length }
}

interface Finding {
    name: string
    t: number
    /** ns of one call */
    call: number
    /** ns by which a call of the second class takes longer */
    difference: number
}

async function measure(target: Target): Promise<Finding> {
    const times: [number[], number[]] = [[], []]
    for (let i = 0; i < SAMPLES; i++) {
        const group = randomInt(2)
        target.input.set(target.fill(group))
        const time = timeOf(target)
        // The first tenth is a warm-up for the compiler.
        if (i >= SAMPLES / 10) times[group].push(time)
        // Lets the promises of look-ups settle outside the measured time.
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const bound = [...times[0], ...times[1]].sort((a, b) => a - b)[Math.floor(SAMPLES * 0.9 * KEPT)]
    const [first, second] = times.map((group) => summary(group.filter((time) => time < bound)))
    const t = (second.mean - first.mean) / Math.sqrt(first.variance + second.variance)
    const { name, calls } = target
    return { name, t, call: first.mean / calls, difference: (second.mean - first.mean) / calls }
}

const line = ({ name, t, call, difference }: Finding): string =>
    `${name.padEnd(42)} t ${t.toFixed(1).padStart(8)}   ${call.toFixed(1).padStart(8)} ns, difference ${difference.toFixed(2)} ns`

const control = await measure(comparison("control: stops early, 48 bytes", 48, stopsEarly))
const findings: Finding[] = []
for (const target of targets()) findings.push(await measure(target))
const told: Finding[] = []
for (const target of knownOrUnknown()) told.push(await measure(target))
const leaks = findings.filter(({ t }) => !(Math.abs(t) < THRESHOLD))
if (json === true) console.log(JSON.stringify({ threshold: THRESHOLD, control, told, findings }))
else {
    for (const finding of [control, ...told, ...findings]) console.log(line(finding))
    console.log(
        `|t| below ${THRESHOLD}: ${findings.length - leaks.length} of ${findings.length}; ${SAMPLES} samples each`,
    )
}
const noisy = !(Math.abs(control.t) >= THRESHOLD)
if (noisy) console.error("bench:timing: not even the control is seen: the machine is too noisy")
process.exitCode = noisy ? 2 : leaks.length > 0 ? 1 : 0
