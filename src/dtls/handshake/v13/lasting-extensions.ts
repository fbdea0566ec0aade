/* The settings' extensions that affect records and messages after a handshake of DTLS 1.3. */
import { EMPTY } from "../../bytes/bytes.js"
import { type CryptoV13, type ProtectionWithId, type Secret } from "../../crypto/v13/provider.js"
import { ExtensionType } from "../../wire/code-points.js"
import { PSK_KEY_EXCHANGE_MODES } from "../../wire/v13/code-points.js"
import { type CipherSuite } from "../cipher-suite.js"
import { findHelloExtension } from "../hello-extension.js"
import { type AssociationSettings } from "../settings.js"
import { type ResumptionV13 } from "./resumption.js"
import { type UpdatableIds } from "./updatable-ids.js"

/** Undefined: the program does not use connection ids in this version. */
export function idsOf(settings: AssociationSettings): UpdatableIds | undefined {
    const ids = findHelloExtension(settings.extensions, ExtensionType.connectionId) as UpdatableIds | undefined
    return ids !== undefined && ids.hasUpdates ? ids : undefined
}

/** Undefined: the program does not use session resumption in this version. */
export function sessionsOf(settings: AssociationSettings): ResumptionV13 | undefined {
    return findHelloExtension(settings.extensions, PSK_KEY_EXCHANGE_MODES) as ResumptionV13 | undefined
}

/** Protection for one direction of an epoch, from its traffic secret and with the settings' connection ids. */
export function protectionBy(
    secret: Secret,
    settings: AssociationSettings,
    suite: CipherSuite,
    epoch: number,
    reading: boolean,
): ProtectionWithId {
    const ids = idsOf(settings)
    const id = ids === undefined ? EMPTY : ids.recordId(reading)
    const crypto = settings.crypto as unknown as CryptoV13
    return crypto.newProtectionV13({ secret, aead: suite.aead, epoch, id, reading, ids })
}
