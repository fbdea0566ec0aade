/** Why an association cannot be saved, or cannot be resumed from saved state. */
export enum SavedErrorReason {
    /** its handshake is not done */
    handshaking = 1,
    /** one side has closed it, or it failed */
    ended = 2,
    /** the bytes are damaged, sealed with another key, or not a saved association */
    notAuthentic = 3,
    /** a client's state for a server, or the other way round */
    otherRole = 4,
    /** the settings lack its cipher suite or connection ids */
    otherSettings = 5,
    /** a newer copy exists */
    outdated = 6,
    /** another version of DTLS or of the format, or the platform cannot export keys */
    unsupported = 7,
}

/**
 * Thrown by `saveAssociation` and `loadAssociation`.
 * @devsWhenUsed
 */
export class SavedError extends Error {
    constructor(public reason: SavedErrorReason) {
        super("saved association, reason " + reason)
        this.name = "SavedError"
    }
}
