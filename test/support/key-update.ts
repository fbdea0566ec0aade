import { type LaterDriver } from "../../src/dtls/association/v13/later-driver.js"
import { UpdateReason } from "../../src/dtls/association/v13/later-sender.js"
import { APPLICATION_EPOCH } from "../../src/dtls/wire/v13/code-points.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** A side of DTLS 1.3 wants new keys with what it sends next, as if its peer had asked for them. */
export function updateKeys(connection: DtlsConnection): void {
    const driver = connection.getAssociation()?.driver as LaterDriver
    driver.wantUpdate(UpdateReason.asked)
}

/** How often a side has got new keys for what it sends. */
export function updatesOf(connection: DtlsConnection): number {
    return (connection.getAssociation()?.record.write.epoch ?? 0) - APPLICATION_EPOCH
}
