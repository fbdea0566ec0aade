/* A sensor program that sleeps between readings: simulates a room and posts one datagram per wake. */
import { runSleepingSensor, services, SimulatedSource } from "../entry/device.js"

await runSleepingSensor(new SimulatedSource(() => services.crypto.random(1)[0] / 256))
