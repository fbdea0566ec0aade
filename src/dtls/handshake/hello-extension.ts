import { type AlertDescription } from "../wire/code-points.js"

/** An optional hello extension, one instance per association. */
export interface HelloExtension {
    /** code point */
    type: number
    /** client: extension_data to offer; undefined leaves it out */
    offer(): Buffer | undefined
    /** client: the server's answer. @returns `none`, or the alert that ends the handshake */
    accept(data: Buffer): AlertDescription
    /** server: the client's offer. @returns `none`, or the alert that ends the handshake */
    select(data: Buffer): AlertDescription
    /** server: extension_data to answer with after `select`; undefined leaves it out */
    answer(): Buffer | undefined
}
