import { type RecordLayer } from "../record/record-layer.js"
import { type Handshake } from "./handshake.js"
import { type AssociationSettings } from "./settings.js"

/** A side of the handshake in one version, given to the association: what a program does not name is not in it. */
export interface Role {
    isClient: boolean
    /**
     * A handshake that has not begun; it makes the security parameters and the outbox.
     * @param firstSeq message_seq of the first message that it sends
     */
    newHandshake: (settings: AssociationSettings, record: RecordLayer, firstSeq: number) => Handshake
}
