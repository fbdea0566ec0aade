/** Where a datagram came from. */
export interface SourceAddress {
    /** one string per address and port: numeric address, "|", port */
    key: string
    /** what the base socket wants back to send there; undefined on a connected one */
    address: unknown
}
