/** An IPv4 or IPv6 address with a port (Gio.InetSocketAddress). */
export interface SocketAddress {
    /** numeric, as the platform writes it: "127.0.0.1", "::1", "fe80::1%2" */
    address: string
    /** 0 to 65535 */
    port: number
    /** for a sender, on a socket with several local addresses: the local address that the datagram was sent to. Answers leave from it */
    local?: string
}

/** A string that is unique for an address and port. */
export function addressKey(address: SocketAddress | undefined): string {
    return address === undefined ? "" : address.address + "|" + address.port
}

/** The address for a key from `addressKey`; undefined for the key of no address. */
export function addressOfKey(key: string): SocketAddress | undefined {
    const at = key.lastIndexOf("|")
    return at < 0 ? undefined : { address: key.slice(0, at), port: parseInt(key.slice(at + 1)) }
}
