import { type Failure, FailureReason } from "../src/dtls/handshake/failure.js"
import { Diagnostic } from "../src/dtls/association/output.js"
import { AlertDescription, HandshakeType } from "../src/dtls/wire/code-points.js"
import { GError } from "../src/gio/errors.js"
import { word } from "../src/platform/node/printable.js"
import { decimalText, type Reading } from "../src/sensor/reading.js"

/** "handshake_failure (40)": names as RFC 5246 writes them. */
export function alertName(alert: number): string {
    const name = AlertDescription[alert] as string | undefined
    const spelled = name === undefined ? "unknown" : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return `${spelled} (${alert})`
}

/** "ServerHello", as the RFCs write it. */
export function handshakeName(type: number): string {
    const name = HandshakeType[type] as string | undefined
    return name === undefined ? `handshake message ${type}` : name.charAt(0).toUpperCase() + name.slice(1)
}

const reasons: Record<FailureReason, string> = {
    [FailureReason.timeout]: "the peer did not answer in time; check address, port and that it speaks DTLS 1.2",
    [FailureReason.keyMismatch]:
        "the peer answers, but its records do not decrypt; most likely PSK identity or key differ on the two sides",
    [FailureReason.peerAlert]: "the peer ended the handshake",
    [FailureReason.unexpectedMessage]: "the peer sent a message that does not belong here",
    [FailureReason.decodeError]: "the peer sent a message that cannot be read",
    [FailureReason.illegalParameter]: "the peer chose something that was not offered",
    [FailureReason.nothingInCommon]: "no cipher suite or version in common; see --suite",
    [FailureReason.extendedMasterSecretRequired]:
        "the peer does not offer extended master secret, which is required here",
    [FailureReason.badFinished]: "the handshake was changed on its way, or the keys differ",
    [FailureReason.noCredentials]: "there is no key for this peer; give one with --psk or --psk-file",
    [FailureReason.keysUsedUp]: "as many records as allowed were sent under one key; connect again",
    [FailureReason.tooManyForgeries]: "too many forged records came; connect again",
    [FailureReason.recordOverflow]: "the peer sent a record that is too large",
    [FailureReason.badRenegotiation]: "the peer's renegotiation_info is wrong; somebody may be in between",
    [FailureReason.replaced]: "a newer session of the same peer took its place",
    [FailureReason.evicted]: "let go to make room for other peers; see --max-peers",
    [FailureReason.closedLocally]: "closed before the handshake was done",
    [FailureReason.idle]: "nothing came for a long time",
    [FailureReason.internalError]: "this side could not go on",
    [FailureReason.badCookie]: "the cookie does not belong to the ClientHello",
}

/** What a failure's number means; undefined when there is none of that number. */
export function reasonText(reason: number): string | undefined {
    return (reasons as Record<number, string | undefined>)[reason]
}

/** Reason, alert and place of a failure as one sentence. */
export function failureText(failure: Failure): string {
    const alert = failure.alert === AlertDescription.none ? "" : `, alert ${alertName(failure.alert)}`
    // A peer that cannot read our Finished drops it: that looks like loss, and is a wrong key more often than not.
    if (failure.reason === FailureReason.timeout && failure.expecting === HandshakeType.changeCipherSpec)
        return "no Finished came: check PSK identity and key on both sides, then the network"
    const place = failure.expecting < 0 ? "" : ` (while expecting ${handshakeName(failure.expecting)})`
    const cause = failure.cause === undefined ? "" : `: ${failure.cause}`
    return `${reasons[failure.reason]}${cause}${alert}${place}`
}

/** An error as a person should read it; no stack, no secrets. */
export function errorText(error: unknown): string {
    if (error instanceof GError && error.failure !== undefined) return failureText(error.failure)
    return error instanceof Error ? error.message : "unknown error"
}

/** What a diagnostic says. */
export function diagnosticText(diagnostic: Diagnostic, detail: number): string {
    switch (diagnostic) {
        case Diagnostic.keyMismatch:
            return "the peer's Finished does not verify, or it does not accept ours: different keys?"
        case Diagnostic.renegotiationRefused:
            return "the peer asked for renegotiation; refused"
        case Diagnostic.retransmitting:
            return `no answer; the flight is sent again (repetition ${detail})`
        case Diagnostic.peerRepeats:
            return "the peer repeats its flight; ours is sent again"
        case Diagnostic.smallerDatagrams:
            return `repeated loss; datagrams of at most ${detail} bytes from now on`
        case Diagnostic.unprotectedAlert:
            return `unprotected fatal alert ${alertName(detail)}; believed if nothing better comes`
        case Diagnostic.warningAlert:
            return `warning alert ${alertName(detail)}`
    }
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
