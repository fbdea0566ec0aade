/* A sensor whose program is replaced over the air. */
import { SimulatedSource } from "../../src/sensor/reading.js"
import { runUpdatableSensor } from "../../src/entry/update.js"

await runUpdatableSensor(new SimulatedSource(() => 0))
