import * as ds from "@devicescript/core"
// Fields that are read from JSON, and fields that are written to it.
class Reading {
    value1 = 0
    unit1 = ""
}
const parsed: any = JSON.parse('{"value1": 4, "unit1": "Cel", "more": {"deep1": 1}}')
const reading = new Reading()
reading.value1 = parsed.value1
reading.unit1 = parsed.unit1
console.log(reading.value1, reading.unit1, parsed.more.deep1)
console.log(JSON.stringify(reading))
ds.restart()
