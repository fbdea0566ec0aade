import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../src/dtls/wire/client-hello.js"
import { AlertDescription, ContentType, HandshakeType } from "../../src/dtls/wire/code-points.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../src/dtls/wire/server-hello.js"
import { type Simulation } from "../engine/simulation.js"
import { simulate } from "./connected.js"
import { handshake, type Message, messages, records } from "./wire.js"

/** The argument of `simulate`: changes both sides' settings. */
export type Settings = Parameters<typeof simulate>[0]

/** A client that gets a ServerHello modified by the test. */
export function withServerHello(change: (hello: ServerHello) => void, settings?: Settings): Simulation {
    const s = simulate(settings)
    s.fault = (index) => (index === 3 ? [] : [5])
    s.begin()
    s.run(500)
    const [message] = messages(s.log[3]) as [Message]
    const hello = readServerHello(message.body) as ServerHello
    change(hello)
    s.toClient(handshake(HandshakeType.serverHello, message.header.messageSeq, writeServerHello(hello), 9))
    s.drain()
    return s
}

/** Advances to both sides' next timeout while nothing arrives, so that postponed failures take effect. */
export function untilNextTimer(s: Simulation): Simulation {
    s.fault = () => []
    s.run(1200)
    return s
}

/** A server that gets hellos modified by the test, with a valid cookie; both hellos are modified in the same way. */
export function withClientHello(change: (hello: ClientHello) => void, settings?: Settings): Simulation {
    return withHelloBody((body) => {
        const hello = readClientHello(body) as ClientHello
        change(hello)
        return writeClientHello(hello)
    }, settings)
}

export function withHelloBody(change: (body: Buffer) => Buffer, settings?: Settings): Simulation {
    const s = simulate(settings)
    s.fault = () => []
    s.begin()
    const [first] = messages(s.log[0]) as [Message]
    s.toServer(handshake(HandshakeType.clientHello, 0, change(first.body)))
    s.drain()
    const verify = s.log.map((datagram) => messages(datagram)[0]).find((message) => message?.header.type === 3)
    if (verify === undefined) return s
    const again = readClientHello(first.body) as ClientHello
    again.cookie = Buffer.from(verify.body.subarray(3))
    s.toServer(handshake(HandshakeType.clientHello, 1, change(writeClientHello(again)), 1))
    s.drain()
    return s
}

export function serverFailure(s: Simulation): [FailureReason | undefined, AlertDescription | undefined] {
    const failure = s.serverOutputs.find((output) => output.failure !== undefined)?.failure
    return [failure?.reason, failure?.alert]
}

export function clientFailure(s: Simulation): [FailureReason | undefined, AlertDescription | undefined] {
    return [s.client.failure?.reason, s.client.failure?.alert]
}

/** Number of unprotected alerts on the wire. */
export function alerts(s: Simulation): number[] {
    return s.log.flatMap((datagram) =>
        records(datagram)
            .filter(({ header }) => header.type === ContentType.alert && header.epoch === 0)
            .map(({ fragment: body }) => body.readUInt8(1)),
    )
}
