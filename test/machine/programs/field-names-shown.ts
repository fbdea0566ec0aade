import * as ds from "@devicescript/core"
// Fields that a program prints keep their names.
class Point {
    across = 1
    down = 2
}
const point = new Point()
console.log(point)
console.log({ first: 1, second: [point, "text"] })
ds.restart()
