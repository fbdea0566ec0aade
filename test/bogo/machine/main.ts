/* The shim in the machine: the engine runs here, and ../machine-side.ts communicates with the runner. */
import * as ds from "@devicescript/core"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import { type KeyOperations, type KeyPair } from "../../../src/dtls/crypto/keys.js"
import { type PrivateKey } from "../../../src/dtls/handshake/question.js"
import { NamedGroup, SignatureScheme } from "../../../src/dtls/wire/code-points.js"
import { RuntimeKeys } from "../../../src/platform/runtime/keys.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { readConfiguration, Unimplemented } from "../engine/configuration.js"
import { Connection } from "../engine/connection.js"
import { ShimFailure } from "../engine/failure.js"
import { Sessions } from "../engine/sessions.js"
import { type Link, type RunnerEvent, type Side } from "../engine/side.js"
import "./natives.js"

/** A list of 16-bit numbers. */
function codes(bytes: Buffer): number[] {
    const list: number[] = []
    for (let at = 0; at < bytes.length; at += 2) list.push((bytes[at] << 8) | bytes[at + 1])
    return list
}

/** A key of a kind that no device supports; the host signs with it. */
class HostKey implements PrivateKey {
    constructor(
        private der: Buffer,
        public schemes: number[],
    ) {}

    async sign(scheme: number, data: Buffer): Promise<Buffer> {
        return ds._bogoSign(this.der, scheme, data)
    }
}

/** The machine's own keys; the host handles signatures of other kinds. */
class MachineKeys implements KeyOperations {
    groups: number[] = [NamedGroup.x25519, NamedGroup.secp256r1]
    schemes: number[] = codes(ds._bogoSchemes(Buffer.alloc(0)))
    private own = new RuntimeKeys(this.groups)

    async newKeyPair(group: number): Promise<KeyPair> {
        return await this.own.newKeyPair(group)
    }

    async verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean> {
        if (scheme === SignatureScheme.ecdsaSecp256r1Sha256)
            return await this.own.verify(publicKey, scheme, data, signature)
        return ds._bogoVerify(publicKey, scheme, data, signature)
    }
}

class Bridge implements Link {
    async next(quietAfter: number): Promise<RunnerEvent> {
        const event = ds._bogoNext(quietAfter)
        return { kind: event[0], time: event.getAt(1, "f64"), data: copyOf(event, 9, event.length) }
    }

    sendPacket(data: Buffer): void {
        ds._bogoSend(data)
    }

    acknowledgeTimeout(): void {
        ds._bogoAcknowledge()
    }
}

const services = new RuntimeServices()

function importKey(der: Buffer): PrivateKey | undefined {
    const own = services.importPrivateKey(der)
    const schemes = own === undefined ? codes(ds._bogoSchemes(der)) : []
    if (own !== undefined || schemes.length === 0) return own
    return new HostKey(der, schemes)
}

const side: Side = { services, keys: new MachineKeys(), hybridKeys: undefined, importKey }

async function runConnection(text: string, sessions: Sessions, isResumption: boolean): Promise<void> {
    const connection = new Connection(side, readConfiguration(text), sessions, isResumption)
    ds._bogoOpen()
    try {
        await connection.run(new Bridge())
    } finally {
        ds._bogoClose()
    }
}

async function runConnections(): Promise<void> {
    const sessions = new Sessions(side)
    let next = ds._bogoConnection()
    for (let count = 0; next !== undefined; count++) {
        await runConnection(next.toString(), sessions, count > 0)
        next = ds._bogoConnection()
    }
}

try {
    await runConnections()
} catch (error) {
    const isUnimplemented = error instanceof Unimplemented
    if (!isUnimplemented && !(error instanceof ShimFailure)) throw error
    ds._bogoFailed(isUnimplemented ? 1 : 0, (error as Error).message)
}
ds.restart()
