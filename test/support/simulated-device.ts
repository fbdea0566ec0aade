import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../../host/build/device.js"
import { machineModule } from "../../host/build/wasm.js"
import { Device, type DeviceOptions } from "../../host/simulator/device.js"
import { temporaryFolder } from "../../host/temporary.js"

/** A device in the simulator, with an arena as large as the board's. @param program its main file */
export async function simulatedDevice(
    program: string,
    settings: Record<string, string>,
    more: Partial<DeviceOptions> = {},
): Promise<Device> {
    return new Device(await machineModule(), readFileSync(cachedDeviceImage(program).path), {
        heapBytes: 64 * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: false,
        deviceId: "1",
        settings,
        storageFolder: temporaryFolder("storage"),
        print: () => undefined,
        log: () => undefined,
        ...more,
    })
}
