import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { type WriteEpoch } from "../../../../src/dtls/record/record-layer.js"
import { readAcknowledgement } from "../../../../src/dtls/wire/v13/acknowledgement.js"
import { ACK, KEY_UPDATE } from "../../../../src/dtls/wire/v13/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { fragment } from "../../../support/wire.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { seededRandom } from "../../../support/spy-crypto.js"
import { certified, CertifiedSide } from "./certified.js"
import { simulateV13 } from "./versions.js"

/** message_seq of a server's first message after a handshake with pre-shared keys. */
const SERVER_SEQ = 4

/** The protected records of one side; a record is "epoch/number". */
class SealedRecords {
    types = new Map<string, number>()
    /** tag of each record, as hex */
    tags = new Map<string, string>()
    /** numbers in its ACKs */
    acknowledged: string[] = []

    constructor(one: Association) {
        const { record } = one
        const activate = record.activateWrite.bind(record)
        record.activateWrite = (epoch, protection, maxRecords) => {
            activate(epoch, protection, maxRecords)
            this.watch(record.write)
        }
        this.watch(record.write)
    }

    private watch(write: WriteEpoch): void {
        const seal = write.seal.bind(write)
        write.seal = (type, plaintext, endsDatagram) => {
            const number = `${write.epoch}/${write.nextSequence}`
            this.types.set(number, type)
            const named = type === ACK ? (readAcknowledgement(plaintext, 1000) ?? []) : []
            this.acknowledged.push(...named.map((number) => `${number.epoch}/${number.sequence}`))
            const bytes = seal(type, plaintext, endsDatagram)
            if (bytes !== undefined) this.tags.set(number, bytes.subarray(-16).toString("hex"))
            return bytes
        }
    }

    /** The records in a datagram. */
    within(datagram: Buffer): string[] {
        const hex = datagram.toString("hex")
        return [...this.tags].filter(([, tag]) => hex.includes(tag)).map(([number]) => number)
    }
}

/** A connected client, and the record numbers in its ACKs from now on. */
function watched(): { s: Simulation; sealed: SealedRecords } {
    const s = simulateV13()
    s.connect()
    return { s, sealed: new SealedRecords(s.client) }
}

/** Delivers a record from the server to the client. @returns its number in the form used for ACKs */
function arrives(s: Simulation, type: number, plaintext: Buffer, change?: (record: Buffer) => void): string {
    const { write } = s.serverAssociation().record
    const number = `${write.epoch}/${write.nextSequence}`
    const record = write.protection!.sealRecords(type, write.nextSequence++, [plaintext], true)
    change?.(record)
    s.toClient(record)
    s.drain()
    s.run(s.now + 300)
    return number
}

describe("what acknowledgements of DTLS 1.3 name", () => {
    it("[V13] no application data, no record that does not verify, no refused one", () => {
        const { s, sealed } = watched()
        const update = wholeMessage(KEY_UPDATE, SERVER_SEQ, Buffer.of(0))
        arrives(s, ContentType.applicationData, Buffer.from("reading"))
        arrives(s, ContentType.handshake, update, (record) => (record[record.length - 1] ^= 1))
        arrives(s, ContentType.alert, Buffer.of(1, 90))
        // Too far ahead to be stored, larger than the limit, cut off, and a fragment that contradicts another one.
        arrives(s, ContentType.handshake, wholeMessage(KEY_UPDATE, SERVER_SEQ + 200, Buffer.of(0)))
        const huge = { type: KEY_UPDATE, messageSeq: SERVER_SEQ, length: 0xffffff }
        arrives(s, ContentType.handshake, fragment({ ...huge, fragmentLength: 1 }, Buffer.of(0)))
        arrives(s, ContentType.handshake, update.subarray(0, update.length - 1))
        deepStrictEqual(sealed.acknowledged, [])
        strictEqual(s.client.failure, undefined)
        const number = arrives(s, ContentType.handshake, update)
        deepStrictEqual(sealed.acknowledged, [number])
    })

    it("[V13] a record of which one message was kept and another one refused is not acknowledged", () => {
        const { s, sealed } = watched()
        const [good, bad] = [SERVER_SEQ, SERVER_SEQ + 200].map((seq) => wholeMessage(KEY_UPDATE, seq, Buffer.of(0)))
        arrives(s, ContentType.handshake, Buffer.concat([bad, good]))
        deepStrictEqual(sealed.acknowledged, [])
    })

    it("[V13] 100 seeds of loss, copies, forgeries and small paths: only records of handshake messages that arrived intact", async function () {
        this.timeout(60000)
        const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
        let named = 0
        for (let seed = 1; seed <= 100; seed++) named += await checkSeed(seed, client, server)
        ok(named > 500, `${named} numbers`)
    })
})

/** @returns number of record numbers that the client has acknowledged */
async function checkSeed(seed: number, client: CertifiedSide, server: CertifiedSide): Promise<number> {
    const random = seededRandom(seed)
    const peers: SealedRecords[] = []
    // The server asks for its certificate before its ServerHello is sealed.
    const knows = server.knows(client)
    const s: KeyedSimulation = certified({
        client: client.knows(server),
        server: (question) => {
            if (peers.length === 0) peers.push(new SealedRecords(s.serverAssociation()))
            return knows(question)
        },
        path: 300,
        seed,
    })
    const own = new SealedRecords(s.client)
    const arrived = new Set<string>()
    s.fault = (_index, toServer, data) => {
        const lot = random()
        if (toServer || lot > 0.4) {
            if (!toServer) for (const number of peers.flatMap((peer) => peer.within(data))) arrived.add(number)
            return lot > 0.8 ? [5, 30] : [5]
        }
        const forged = Buffer.from(data)
        forged[forged.length - 1] ^= 1
        if (lot > 0.2 && data[0] >> 5 === 1) s.toClient(forged)
        return []
    }
    await s.shakeHands(60000)
    for (const number of own.acknowledged) {
        strictEqual(peers[0].types.get(number), ContentType.handshake, `seed ${seed}: ${number}`)
        ok(arrived.has(number), `seed ${seed}: ${number} was lost, forged or never sent`)
    }
    return own.acknowledged.length
}
