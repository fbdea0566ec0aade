import { type Association } from "../../../src/dtls/association/association.js"
import { type Answers } from "./answers.js"
import { DTLS13, type ShimConfiguration } from "./configuration.js"
import { ShimFailure } from "./failure.js"

/**
 * Compares the result of the handshake with what the test expects. Throws ShimFailure.
 * @param isResumption a session is to be resumed, unless the test says otherwise
 */
export function checkHandshake(
    association: Association,
    configuration: ShimConfiguration,
    answers: Answers,
    isResumption: boolean,
): void {
    const { expect } = configuration
    const { parameters } = association
    const state = association.snapshot()
    same("version", state.version, expect.version)
    same("cipher suite", state.suite, expect.suite)
    same("ALPN protocol", state.protocol, expect.alpn)
    // RFC 8446 appendix D: in DTLS 1.3 every key is bound to the handshake.
    same("extended master secret", state.extendedMasterSecret || state.version === DTLS13, expect.extendedMasterSecret)
    same("peer's certificate", parameters.peerCertificate !== undefined, expect.peerCertificate)
    // A resumed session chooses no credential, so the server name is not asked for.
    if (!parameters.resumed) same("server name", answers.serverName, expect.serverName)
    same("credential", answers.selectedWith(parameters.identity), expect.credential)
    same("resumed", parameters.resumed, isResumption && expect.sessionMiss !== true)
}

function same<T>(what: string, actual: T, expected: T | undefined): void {
    if (expected !== undefined && actual !== expected)
        throw new ShimFailure(`${what}: ${text(actual)}, not ${text(expected)}`)
}

function text(value: unknown): string {
    return `${value as string}`
}
