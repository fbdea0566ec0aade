import { isIPv6 } from "node:net"
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os"

/**
 * Loopback addresses that Linux accepts without listing them: all of 127.0.0.0/8 is this host, but the interface lists
 * only 127.0.0.1. There cannot be a socket for each of 16 million addresses; these are the ones used by tests and
 * /etc/hosts (Debian gives 127.0.1.1 to the host's own name).
 */
const UNLISTED_LOOPBACK = [2, 3, 4, 5, 6, 7, 8].map((last) => `127.0.0.${last}`).concat("127.0.1.1")

/** What a wildcard stands for: 0.0.0.0 for all IPv4 addresses, :: for those of both families. */
export type Wildcard = "0.0.0.0" | "::"

/** The wildcard if the local address is one, or missing; undefined for the address of one interface. */
export function wildcardOf(address: string | undefined): Wildcard | undefined {
    if (address === undefined || /^[0:]+$/.test(address)) return "::"
    return address === "0.0.0.0" ? "0.0.0.0" : undefined
}

/**
 * The numeric addresses of this host that a wildcard stands for; link-local ones include their interface (RFC 4007
 * §11).
 */
export function localAddresses(wildcard: Wildcard): string[] {
    const found = new Set<string>()
    for (const [name, entries] of Object.entries(networkInterfaces()))
        for (const entry of entries ?? []) for (const address of addressesOf(name, entry)) found.add(address)
    return [...found].filter((address) => wildcard === "::" || !isIPv6(address))
}

function addressesOf(name: string, { address, family, netmask, internal }: NetworkInterfaceInfo): string[] {
    if (family === "IPv6") return [/^fe[89ab]/i.test(address) ? `${address}%${name}` : address]
    const wholeNetwork = process.platform === "linux" && internal && netmask === "255.0.0.0"
    return wholeNetwork && address === "127.0.0.1" ? [address, ...UNLISTED_LOOPBACK] : [address]
}
