import { type Failure, FailureReason } from "../src/dtls/handshake/failure.js"
import { HandshakeType } from "../src/dtls/wire/code-points.js"
import { type DtlsConnection } from "../src/gio/dtls-connection.js"
import { TlsProtocolVersion } from "../src/gio/enums.js"
import { GError } from "../src/gio/errors.js"
import {
    alertText,
    keyRefusalText,
    reasonText as plainReasonText,
    refusalText,
} from "../src/platform/node/failure-text.js"
import { word } from "../src/platform/node/printable.js"
import { decimalText, type Reading } from "../src/sensor/reading.js"

/** "ServerHello", as the RFCs write it. */
export function handshakeName(type: number): string {
    const name = HandshakeType[type] as string | undefined
    return name === undefined ? `handshake message ${type}` : name.charAt(0).toUpperCase() + name.slice(1)
}

/** What the command line can do about it. */
const hints: Partial<Record<FailureReason, string>> = {
    [FailureReason.nothingInCommon]: "see --suite, --min-version and --max-version",
    [FailureReason.noCredentials]: "give one with --psk, --psk-file or --cert",
    [FailureReason.evicted]: "see --max-peers",
}

/** What a failure's number means, and what to do; undefined when there is none of that number. */
export function reasonText(reason: number): string | undefined {
    const hint = hints[reason as FailureReason]
    const text = plainReasonText(reason)
    return hint === undefined ? text : `${text}; ${hint}`
}

/** Reason, alert and place of a failure as one sentence. */
export function failureText(failure: Failure): string {
    // A peer that cannot read our Finished drops it: that looks like loss, and is a wrong key more often than not.
    if (failure.reason === FailureReason.timeout && failure.expecting === HandshakeType.changeCipherSpec)
        return "no Finished came: check PSK identity and key on both sides, then the network"
    const keyRefusal = keyRefusalText(failure)
    if (keyRefusal !== undefined) return `${keyRefusal}${alertText(failure.alert)}`
    if (failure.reason === FailureReason.unexpectedMessage && failure.expecting === HandshakeType.serverHello)
        return "the peer did not answer as a server of the version that was offered; see --min-version and --max-version"
    const place = failure.expecting < 0 ? "" : ` (while expecting ${handshakeName(failure.expecting)})`
    const cause = failure.cause === undefined ? "" : `: ${failure.cause}`
    return `${reasonText(failure.reason)}${refusalText(failure)}${cause}${alertText(failure.alert)}${place}`
}

/** An error as a person should read it; no stack, no secrets. */
export function errorText(error: unknown): string {
    if (error instanceof GError && error.failure !== undefined) return failureText(error.failure)
    return error instanceof Error ? error.message : "unknown error"
}

/** An identity for people: its text as one word, or its bytes when it is no text. */
export function identityText(identity: Buffer): string {
    const text = identity.toString()
    return word(Buffer.from(text).equals(identity) ? text : `hex:${identity.toString("hex")}`)
}

/** "temperature 21.43 °C" */
export function readingText({ name, value, unit }: Reading): string {
    // Exact in hundredths up to there; what is larger is printed as JavaScript does.
    const number = Math.abs(value) < 1e13 ? decimalText(value) : String(value)
    const suffix = unit === "" ? "" : ` ${unit === "Cel" ? "°C" : word(unit)}`
    return `${word(name)} ${number}${suffix}`
}

/** "DTLS 1.3" of a connection whose handshake is done. */
export function versionText(connection: DtlsConnection): string {
    return connection.getProtocolVersion() === TlsProtocolVersion.DTLS_1_2 ? "DTLS 1.2" : "DTLS 1.3"
}
