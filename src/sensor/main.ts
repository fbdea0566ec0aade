/* The program that is flashed when no other is named: a simulated room, posted to a CoAPs server. */
import { runSensor, services, SimulatedSource } from "../entry/device.js"

await runSensor(new SimulatedSource(() => services.crypto.random(1)[0] / 256))
