/* The program that is flashed by default: simulates a room and posts its readings to a CoAPs server. */
import { runSensor, services, SimulatedSource } from "../entry/device.js"

await runSensor(new SimulatedSource(() => services.crypto.random(1)[0] / 256))
