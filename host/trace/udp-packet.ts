import { isIPv6 } from "node:net"
import { type SocketAddress } from "../../src/gio/socket-address.js"

const UDP = 17
const HOP_LIMIT = 64

/** A datagram with the IP and UDP headers (RFC 791, RFC 8200, RFC 768) that it would have on the wire. */
export function udpPacket(from: SocketAddress, to: SocketAddress, data: Buffer): Buffer {
    const source = addressBytes(from.address)
    const target = addressBytes(to.address)
    const udp = Buffer.alloc(8)
    udp.writeUInt16BE(from.port, 0)
    udp.writeUInt16BE(to.port, 2)
    udp.writeUInt16BE((8 + data.length) & 0xffff, 4)
    const pseudo = Buffer.alloc(4)
    pseudo.writeUInt16BE((8 + data.length) & 0xffff, 0)
    pseudo.writeUInt16BE(UDP, 2)
    // Zero would mean that there is none.
    udp.writeUInt16BE(checksum(Buffer.concat([source, target, pseudo, udp, data])) || 0xffff, 6)
    const header =
        source.length === 4 ? ipv4Header(source, target, data.length) : ipv6Header(source, target, data.length)
    return Buffer.concat([header, udp, data])
}

function ipv4Header(source: Buffer, target: Buffer, bytes: number): Buffer {
    const header = Buffer.alloc(20)
    header[0] = 0x45
    header.writeUInt16BE((28 + bytes) & 0xffff, 2)
    header[8] = HOP_LIMIT
    header[9] = UDP
    source.copy(header, 12)
    target.copy(header, 16)
    header.writeUInt16BE(checksum(header), 10)
    return header
}

function ipv6Header(source: Buffer, target: Buffer, bytes: number): Buffer {
    const header = Buffer.alloc(40)
    header[0] = 0x60
    header.writeUInt16BE((8 + bytes) & 0xffff, 4)
    header[6] = UDP
    header[7] = HOP_LIMIT
    source.copy(header, 8)
    target.copy(header, 24)
    return header
}

/** One's complement of the one's complement sum of 16-bit words (RFC 1071). */
function checksum(bytes: Buffer): number {
    let sum = 0
    for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    return ~sum & 0xffff
}

/** 4 or 16 bytes of a numeric address; a zone is left out. */
function addressBytes(address: string): Buffer {
    const [plain = ""] = address.replace(/^::ffff:(?=\d+\.)/, "").split("%")
    if (!isIPv6(plain)) return Buffer.from(plain.split(".").map(Number))
    // The URL parser writes an address in its canonical form, without dotted parts.
    const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1)
    const [before = "", after] = canonical.split("::")
    const head = groups(before)
    const tail = after === undefined ? [] : groups(after)
    const zeros = new Array<number>(8 - head.length - tail.length).fill(0)
    const bytes = Buffer.alloc(16)
    ;[...head, ...zeros, ...tail].forEach((group, index) => bytes.writeUInt16BE(group, 2 * index))
    return bytes
}

const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)))
