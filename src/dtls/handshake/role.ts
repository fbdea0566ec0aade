import { type RecordLayer } from "../record/record-layer.js"
import { type Handshake } from "./handshake.js"
import { type AssociationSettings } from "./settings.js"

/**
 * A side of the handshake in one version, passed to the association so that a program contains only the roles that it
 * names.
 */
export interface Role {
    isClient: boolean
    /**
     * Makes a handshake that has not begun, with its security parameters and outbox.
     * @param firstSeq message_seq of the first message that it sends
     */
    newHandshake: (settings: AssociationSettings, record: RecordLayer, firstSeq: number) => Handshake
}
