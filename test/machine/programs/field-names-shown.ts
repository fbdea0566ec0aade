import * as ds from "@devicescript/core"
// Fields keep their names if the program prints them.
class Point {
    across = 1
    down = 2
}
const point = new Point()
console.log(point)
console.log({ first: 1, second: [point, "text"] })
ds.restart()
