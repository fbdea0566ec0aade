/* Session resumption, versions and public keys on a device, with its cryptography. */
import { RuntimeKeys } from "../../../src/platform/runtime/keys.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { sessionTests } from "../../engine/all.js"
import { deviceKit } from "../kit.js"

const services = new RuntimeServices()
const keys = {
    operations: new RuntimeKeys(),
    importPrivateKey: (der: Buffer) => services.importPrivateKey(der),
}
sessionTests(deviceKit(services, services.crypto, keys))
