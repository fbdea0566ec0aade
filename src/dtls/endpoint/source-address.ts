/** A datagram's source address. */
export interface SourceAddress {
    /** address and port as one string: numeric address, "|", port */
    key: string
    /** the address in the form that the base socket takes for sending; undefined on a connected socket */
    address: unknown
}
