/* mote-dtls/testing: a device in the simulator, on a virtual clock and link, for tests of its program. */
export { type ArrivedReading } from "../gateway/resources.js"
export { type I2cBus, type I2cPeripheral, type SimulatedSht4x } from "../simulator/i2c-natives.js"
export { type ArrivedSample, Simulation, type SimulationOptions } from "./simulation.js"
export { type VirtualClock } from "./virtual-clock.js"
export { type VirtualLink } from "./virtual-link.js"
