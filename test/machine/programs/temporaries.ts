import * as ds from "@devicescript/core"

// receivers that only the call refers to, while its arguments allocate memory
let name: any = "temporary", half: any = 0.5, n: any = 3
for (let i = 0; i < 5; i++) {
    console.log((name + i + "-and-more").slice(n * half + i * half, n * half + 9.25))
    console.log((name + i).indexOf("" + i, half * i), (i + name + i).charCodeAt(half * i + 0.25))
}
ds.restart()
