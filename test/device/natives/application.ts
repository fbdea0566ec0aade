/* The tests of CoAP, SenML and payloads on a device. */
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { applicationTests } from "../../engine/all.js"
import { deviceKit } from "../kit.js"

const services = new RuntimeServices()
applicationTests(deviceKit(services, services.crypto))
