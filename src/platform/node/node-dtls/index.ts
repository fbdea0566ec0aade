/*
 * mote-dtls/node-dtls: the part of Mote that the upcoming node:dtls has too, with the latter's interface. See
 * docs/node.md.
 */
import { wrongArgument } from "../connect/errors.js"
import { connect as connectSocket } from "../connect/connect.js"
import { prepareConnect } from "../connect/prepare.js"
import { checkPort } from "../connect/target.js"
import { DTLSEndpoint } from "./endpoint.js"
import { connectOptions, type DTLSConnectOptions, type DTLSListenOptions } from "./options.js"
import { checkSession, DTLSSession } from "./session.js"

export { DTLSEndpoint } from "./endpoint.js"
export { type DTLSConnectOptions, type DTLSListenOptions, type DTLSOptions, type KeyOf } from "./options.js"
export { type DTLSAddress, DTLSSession } from "./session.js"

/**
 * Connects to a server; the session's `opened` resolves when the handshake is complete.
 * @param host IPv4 or IPv6 address
 */
export function connect(host: string, port: number, options: DTLSConnectOptions = {}): DTLSSession<DTLSEndpoint> {
    const converted = connectOptions(host, options)
    checkPort("port", port, 1)
    const known = options.servername === undefined || options.servername === "" ? host : options.servername
    checkSession(options.session, known)
    // Wrong options are thrown here instead of rejecting `opened`.
    prepareConnect(converted, known)
    const stop = new AbortController()
    const keyLog = (line: string): void => session.onkeylog?.(line)
    const opening = connectSocket(host, port, { ...converted, keyLog, signal: stop.signal })
    const place = { endpoint: undefined, servername: options.servername, host: known, abort: () => stop.abort() }
    const session = new DTLSSession<DTLSEndpoint>(opening, place)
    return session
}

/**
 * Serves on a UDP port, which is bound when this returns.
 * @param callback called with each session whose handshake is complete
 */
export function listen(
    callback: (session: DTLSSession<DTLSEndpoint>) => void,
    options: DTLSListenOptions,
): DTLSEndpoint {
    if (typeof callback !== "function") throw wrongArgument("callback", "a function")
    return new DTLSEndpoint(callback, options)
}
