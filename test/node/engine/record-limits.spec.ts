import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { maxFragmentLength, recordSizeLimit } from "../../../src/dtls/handshake/record-limits.js"
import { type ServerExchangeContext } from "../../../src/dtls/handshake/key-exchange.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { PskKeyExchange } from "../../../src/dtls/key-exchange/psk.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { readServerHello } from "../../../src/dtls/wire/server-hello.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { messages, records } from "../../support/wire.js"

type Make = ReturnType<typeof recordSizeLimit>

const PATH = 9000
/** AES-128-CCM_8: explicit nonce and tag, bytes. */
const SEAL = 16

function between(client: Make | undefined, server: Make | undefined): Simulation {
    const crypto = new SpyCrypto()
    return connected((ofClient, ofServer) => {
        ofClient.pathBudget = ofServer.pathBudget = PATH
        if (client !== undefined) ofClient.extensions = [client(crypto)]
        if (server !== undefined) ofServer.extensions = [server(crypto)]
        ofServer.pskIdentityHint = Buffer.alloc(1500, 65)
    })
}

/** A server that violates RFC 8449 by answering both extensions. */
class AlsoAnsweringMaxFragmentLength extends PskKeyExchange {
    override beginServer(context: ServerExchangeContext): void {
        const sendServerHello = context.sendServerHello.bind(context)
        const answer = { type: ExtensionType.maxFragmentLength, data: Buffer.from([1]) }
        context.sendServerHello = (extensions) => sendServerHello([...extensions, answer])
        super.beginServer(context)
    }
}

/** Largest messages that client and server may send. */
function largest(s: Simulation): number[] {
    strictEqual(s.client.phase, AssociationPhase.connected)
    return [s.client.maxMessage(), s.serverAssociation().maxMessage()]
}

describe("max_fragment_length (RFC 6066 §4)", () => {
    for (const length of [512, 1024, 2048, 4096])
        it(`${length}: applies in both directions, and to handshake messages`, () => {
            const s = between(maxFragmentLength(length), maxFragmentLength(0))
            deepStrictEqual(largest(s), [length, length])
            const sizes = s.log.flatMap((datagram) => records(datagram).map(({ header }) => header.length))
            ok(Math.max(...sizes) <= length + SEAL, `${Math.max(...sizes)} bytes`)
        })

    it("without the client's offer, or the server's answer, nothing is limited", () => {
        for (const s of [between(undefined, maxFragmentLength(0)), between(maxFragmentLength(512), undefined)])
            ok(largest(s).every((size) => size > 8000))
    })

    it("an unknown code is illegal_parameter, and so is another code than offered", () => {
        const extension = maxFragmentLength(512)(new SpyCrypto())
        for (const code of [0, 5, 255])
            strictEqual(extension.select(Buffer.from([code])), AlertDescription.illegalParameter)
        strictEqual(extension.accept(Buffer.from([2]), []), AlertDescription.illegalParameter)
        strictEqual(extension.select(Buffer.from([1, 1])), AlertDescription.decodeError)
    })
})

describe("record_size_limit (RFC 8449)", () => {
    it("each side keeps to the other's limit", () => {
        deepStrictEqual(largest(between(recordSizeLimit(100), recordSizeLimit(700))), [700, 100])
        deepStrictEqual(largest(between(recordSizeLimit(64), recordSizeLimit(16384)))[1], 64)
    })

    it("without the client's offer, or the server's answer, nothing is limited", () => {
        for (const s of [between(undefined, recordSizeLimit(64)), between(recordSizeLimit(64), undefined)])
            ok(largest(s).every((size) => size > 8000))
    })

    it("a limit below 64 is illegal_parameter, one of 65535 counts as 16384", () => {
        const extension = recordSizeLimit(64)(new SpyCrypto())
        strictEqual(extension.select(Buffer.from([0, 63])), AlertDescription.illegalParameter)
        strictEqual(extension.select(Buffer.from([0, 64, 0])), AlertDescription.decodeError)
        strictEqual(extension.select(Buffer.from([255, 255])), AlertDescription.none)
    })
})

describe("records above an agreed limit", () => {
    for (const [name, make] of [
        ["max_fragment_length", maxFragmentLength(512)],
        ["record_size_limit", recordSizeLimit(512)],
    ] as const)
        it(`[R14 part] ${name}: one byte more, authentic, is record_overflow; exactly the limit is accepted`, () => {
            const s = between(make, name === "record_size_limit" ? recordSizeLimit(16384) : maxFragmentLength(0))
            s.serverSends("x".repeat(512))
            s.run(s.now + 20)
            strictEqual(s.clientMessages.length, 1)
            // A server that exceeds the limit.
            s.serverAssociation().record.writeLimit = 16384
            s.serverSends("x".repeat(513))
            s.run(s.now + 20)
            strictEqual(s.client.failure?.reason, FailureReason.recordOverflow)
            strictEqual(s.client.failure.alert, AlertDescription.recordOverflow)
        })
})

describe("max_fragment_length beside record_size_limit (RFC 8449 §5)", () => {
    const both = (settings: AssociationSettings, length: number, limit: number): void => {
        settings.pathBudget = PATH
        settings.extensions = [maxFragmentLength(length)(settings.crypto), recordSizeLimit(limit)(settings.crypto)]
    }

    it("a server that supports both ignores max_fragment_length, and does not answer it", () => {
        const s = connected((ofClient, ofServer) => {
            both(ofClient, 512, 2000)
            both(ofServer, 0, 3000)
        })
        deepStrictEqual(largest(s), [3000, 2000])
        const hello = s.log.flatMap(messages).find(({ header }) => header.type === HandshakeType.serverHello)
        const { extensions } = readServerHello(hello?.body ?? Buffer.alloc(0)) ?? { extensions: [] }
        const answered = extensions.map(({ type }) => type)
        ok(answered.includes(ExtensionType.recordSizeLimit))
        ok(!answered.includes(ExtensionType.maxFragmentLength))
    })

    it("a server that supports one of them uses that one", () => {
        const one = (server: Make): number[] =>
            largest(
                connected((ofClient, ofServer) => {
                    both(ofClient, 512, 2000)
                    ofServer.pathBudget = PATH
                    ofServer.extensions = [server(ofServer.crypto)]
                }),
            )
        deepStrictEqual(one(maxFragmentLength(0)), [512, 512])
        deepStrictEqual(one(recordSizeLimit(3000)), [3000, 2000])
    })

    it("a client that gets both in the answer ends the handshake with illegal_parameter", () => {
        const s = simulate((ofClient, ofServer) => {
            both(ofClient, 512, 2000)
            ofServer.extensions = [recordSizeLimit(3000)(ofServer.crypto)]
            ofServer.suites = [{ ...TLS_PSK_WITH_AES_128_CCM_8(), keyExchange: new AlsoAnsweringMaxFragmentLength() }]
        })
        s.begin()
        s.run(s.now + 70000)
        strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
    })
})

it("limits of records are checked where a program names them", () => {
    for (const length of [1, 256, 8192, -512]) throws(() => maxFragmentLength(length), RangeError)
    for (const limit of [0, 63, 16385, NaN]) throws(() => recordSizeLimit(limit), RangeError)
    strictEqual(simulate().client.record.readLimit, 16384)
})
