/* Pins with @devicescript/gpio: outputs, inputs, pull-ups, an analog input, and refused modes. */
import { digitalRead, digitalWrite, pinMode } from "@devicescript/gpio"
import * as ds from "@devicescript/core"

function attempt(what: string, run: () => void): void {
    try {
        run()
        console.log(what + ": done")
    } catch (error) {
        console.log(what + ": " + (error as Error).name + " " + (error as Error).message)
    }
}

const led = ds.gpio(8)
console.log("off " + led.gpio + " " + led.mode + " " + led.value)
attempt("write while off", () => led.write(1))
pinMode(led, ds.GPIOMode.Output)
digitalWrite(led, 1)
console.log("high " + led.mode + " " + digitalRead(led))
digitalWrite(led, false)
console.log("low " + led.mode + " " + digitalRead(led))

const button = ds.gpio(9)
button.setMode(ds.GPIOMode.InputPullUp)
console.log("pulled up " + digitalRead(button))
const door = ds.gpio(10)
door.setMode(ds.GPIOMode.Input)
console.log("from outside " + digitalRead(door))
door.setMode(ds.GPIOMode.InputPullDown)
console.log("still " + digitalRead(door))

const battery = ds.gpio(2)
battery.setMode(ds.GPIOMode.AnalogIn)
console.log("analog " + Math.round((battery.value as number) * 1000))

attempt("analog on a digital pin", () => led.setMode(ds.GPIOMode.AnalogIn))
attempt("no mode", () => led.setMode(77 as ds.GPIOMode))
attempt("a mode of another kind", () => led.setMode("high" as unknown as ds.GPIOMode))
attempt("a pin of the flash", () => console.log(ds.gpio(12).gpio))
attempt("no pin", () => console.log(ds.gpio(200).gpio))
attempt("a negative pin", () => console.log(ds.gpio(-1).gpio))
attempt("a half pin", () => console.log(ds.gpio(1.5).gpio))
attempt("a name", () => console.log(ds.gpio("led" as unknown as number).gpio))
attempt("a method taken off its pin is bound to it", () => {
    const bare = { setMode: led.setMode }
    bare.setMode(ds.GPIOMode.Off)
})
console.log("left as it was: " + led.mode + " " + led.value)
let changes = 0
door.subscribe((v) => {
    changes = changes + 1
    console.log("noticed " + v)
})
await ds.sleep(250)
console.log("changes " + changes)
ds.restart()
