import * as ds from "@devicescript/core"
// Fields keep their names if the program lists or copies them.
class Point {
    across = 1
    down = 2
}
const point = new Point()
for (const key of Object.keys(point)) console.log(key)
const copy: any = Object.assign({ extra: 3 }, point)
let text = ""
for (const key of Object.keys(copy)) text = text + key + "=" + copy[key] + ";"
console.log(text, copy.across, Object.values(point).length)
ds.restart()
