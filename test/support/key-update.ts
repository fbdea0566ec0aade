import { type LaterDriver } from "../../src/dtls/association/v13/later-driver.js"
import { UpdateReason } from "../../src/dtls/association/v13/later-sender.js"
import { APPLICATION_EPOCH } from "../../src/dtls/wire/v13/code-points.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** Makes a DTLS 1.3 side update its sending keys, as if its peer had asked for it. */
export function updateKeys(connection: DtlsConnection): void {
    const driver = connection.getAssociation()?.driver as LaterDriver
    driver.wantUpdate(UpdateReason.asked)
}

/** How often a side has updated its sending keys. */
export function updatesOf(connection: DtlsConnection): number {
    return (connection.getAssociation()?.record.write.epoch ?? 0) - APPLICATION_EPOCH
}
