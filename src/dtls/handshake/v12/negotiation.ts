import { EMPTY } from "../../bytes/bytes.js"
import { AlertDescription, ExtensionType } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { FailureReason } from "../failure.js"
import { type HandshakeV12 } from "./handshake.js"

/** renegotiated_connection of 0 bytes: the initial handshake (RFC 5746 §3.2). */
export function emptyRenegotiationInfo(): Extension {
    return { type: ExtensionType.renegotiationInfo, data: Buffer.from([0]) }
}

export function extendedMasterSecretExtension(): Extension {
    return { type: ExtensionType.extendedMasterSecret, data: EMPTY }
}

/** @returns false if the handshake has failed (RFC 5746 §3.4, §3.6) */
export function checkRenegotiationInfo(h: HandshakeV12, data: Buffer): boolean {
    if (data.length === 1 && data[0] === 0) return true
    h.fail(FailureReason.badRenegotiation, AlertDescription.handshakeFailure)
    return false
}

/** @returns false if the handshake has failed: the extension has no data (RFC 7627 §5.1) */
export function checkExtendedMasterSecret(h: HandshakeV12, data: Buffer): boolean {
    if (data.length === 0) return true
    h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    return false
}

/** @returns false if the handshake has failed because the peer did not send the extension (RFC 7627 §5.2-3) */
export function requireExtendedMasterSecret(h: HandshakeV12, named: boolean): boolean {
    if (named || !h.settings.requireExtendedMasterSecret) return true
    h.fail(FailureReason.extendedMasterSecretRequired, AlertDescription.handshakeFailure)
    return false
}
