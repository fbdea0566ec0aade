/** An IPv4 or IPv6 address with a port (Gio.InetSocketAddress). */
export interface SocketAddress {
    /** numeric, as the platform writes it: "127.0.0.1", "::1", "fe80::1%2" */
    address: string
    /** 0 to 65535 */
    port: number
    /** of a sender: the local address it sent to, on a socket that has several; answers leave from there */
    local?: string
}

/** One string per address and port. */
export function addressKey(address: SocketAddress | undefined): string {
    return address === undefined ? "" : address.address + "|" + address.port
}

/** What `addressKey` made the key of; undefined for none. */
export function addressOfKey(key: string): SocketAddress | undefined {
    const at = key.lastIndexOf("|")
    return at < 0 ? undefined : { address: key.slice(0, at), port: parseInt(key.slice(at + 1)) }
}
