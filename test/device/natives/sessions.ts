/* Session resumption on a device, with its cryptography. */
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { sessionTests } from "../../engine/all.js"
import { deviceKit } from "../kit.js"

const services = new RuntimeServices()
sessionTests(deviceKit(services, services.crypto))
