/* The tests of peers that change their address, on a device, with its cryptography. */
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { addressTests } from "../../engine/all.js"
import { deviceKit } from "../kit.js"

const services = new RuntimeServices()
addressTests(deviceKit(services, services.crypto))
