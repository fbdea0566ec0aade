import { type Association } from "../../src/dtls/association/association.js"
import { type ShimConfiguration } from "./flags.js"
import { ShimFailure } from "./shim-failure.js"

/** Compares what was agreed on with what the test expects. Throws ShimFailure. */
export function checkHandshake(association: Association, { expect }: ShimConfiguration): void {
    const { parameters } = association
    const state = association.snapshot()
    same("version", state.version, expect.version)
    same("cipher suite", state.suite, expect.suite)
    same("ALPN protocol", state.protocol, expect.alpn)
    same("extended master secret", state.extendedMasterSecret, expect.extendedMasterSecret)
    same("peer's certificate", parameters.peerCertificate !== undefined, expect.peerCertificate)
}

function same<T>(what: string, actual: T, expected: T | undefined): void {
    if (expected !== undefined && actual !== expected)
        throw new ShimFailure(`${what}: ${String(actual)}, not ${String(expected)}`)
}
