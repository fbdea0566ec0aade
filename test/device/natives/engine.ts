/* The engine's own tests on a device, with its cryptography. */
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { engineTests } from "../../engine/all.js"
import { deviceKit } from "../kit.js"

const services = new RuntimeServices()
engineTests(deviceKit(services, services.crypto))
