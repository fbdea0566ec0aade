import { closeSync, openSync, writeSync } from "node:fs"
import { isIPv6 } from "node:net"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { udpPacket } from "./udp-packet.js"

/** Block types and options of pcapng (draft-ietf-opsawg-pcapng). */
const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const ENHANCED_PACKET = 6
const DECRYPTION_SECRETS = 10
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** packets begin with their IP header */
const LINKTYPE_RAW = 101
/** "TLSK": lines of an NSS key log */
const TLS_KEY_LOG = 0x544c534b

/** Lengths are multiples of 4. */
function padded(data: Buffer): Buffer {
    return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])
}

const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index))
    return bytes
}

/**
 * Datagrams as a file that Wireshark and tshark open (pcapng). Key log lines become part of it, so that it opens decrypted;
 * without them nothing in it is secret but what the datagrams show.
 */
export class CaptureFile {
    private file: number

    /** Truncates the file, and lets nobody else read it. Throws what the file system says. */
    constructor(path: string) {
        this.file = openSync(path, "w", 0o600)
        // Version 1.0, length of the section not known.
        const section = words(BYTE_ORDER_MAGIC, 0x00000001, 0xffffffff, 0xffffffff)
        this.block(SECTION_HEADER, section)
        this.block(INTERFACE_DESCRIPTION, words(LINKTYPE_RAW, 0))
    }

    /** @param time Unix, ms */
    datagram(from: SocketAddress, to: SocketAddress, data: Buffer, time: number): void {
        const packet = udpPacket(from, to, data)
        const microseconds = BigInt(Math.round(time * 1000))
        const high = Number(microseconds >> 32n)
        const low = Number(microseconds & 0xffffffffn)
        const head = words(0, high, low, packet.length, packet.length)
        this.block(ENHANCED_PACKET, Buffer.concat([head, padded(packet)]))
    }

    /** One line of an NSS key log. */
    secret(line: string): void {
        const text = Buffer.from(`${line}\n`)
        this.block(DECRYPTION_SECRETS, Buffer.concat([words(TLS_KEY_LOG, text.length), padded(text)]))
    }

    close(): void {
        closeSync(this.file)
    }

    private block(type: number, body: Buffer): void {
        const length = words(12 + body.length)
        writeSync(this.file, Buffer.concat([words(type), length, body, length]))
    }
}

/** The address of a socket that is bound to all is told by its peer's family alone. */
export function localOf(local: SocketAddress, peer: SocketAddress): SocketAddress {
    const isBound = isIPv6(local.address) === isIPv6(peer.address)
    return isBound ? local : { address: isIPv6(peer.address) ? "::" : "0.0.0.0", port: local.port }
}
