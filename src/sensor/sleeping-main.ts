/* The sensor that sleeps between its readings: a simulated room, posted in one datagram per wake. */
import { runSleepingSensor, services, SimulatedSource } from "../entry/device.js"

await runSleepingSensor(new SimulatedSource(() => services.crypto.random(1)[0] / 256))
