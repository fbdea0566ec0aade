import { pino, type Logger } from "pino"
import { addressText, type GatewayPeer, identityText, printable } from "mote-dtls/gateway"
import { type SocketAddress } from "mote-dtls/gio"

export type Log = Logger

/**
 * Lines of JSON: time (ISO 8601), level, msg, and where it is about a device its identity and address.
 * @param write default: standard error
 */
export function newLog(write?: (line: string) => void): Log {
    const options = {
        base: undefined,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (level: string) => ({ level }) },
    }
    if (write !== undefined) return pino(options, { write })
    return pino(options, pino.destination({ dest: 2, sync: true }))
}

export interface LoggedPeer {
    identity?: string
    address?: string
}

/** Who a line of the log is about. */
export function logged(identity: Buffer | undefined, address: SocketAddress | undefined): LoggedPeer {
    return {
        ...(identity && { identity: identityText(identity) }),
        ...(address && { address: addressText(address) }),
    }
}

export function loggedPeer({ identity, connection }: GatewayPeer): LoggedPeer {
    return logged(identity, connection.getRemoteAddress())
}

/** A path as one printable word, cut at 100 characters. */
export function loggedPath(path: string): string {
    return printable(path, 100)
}
