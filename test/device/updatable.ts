/* A sensor with over-the-air updates. */
import { SimulatedSource } from "../../src/sensor/reading.js"
import { runUpdatableSensor } from "../../src/entry/update.js"

await runUpdatableSensor(new SimulatedSource(() => 0))
