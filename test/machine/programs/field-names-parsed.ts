import * as ds from "@devicescript/core"
// Fields that come from a text, and those that go into one.
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
