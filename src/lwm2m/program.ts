import { errorText } from "../gio/guarded.js"
import { LogLevel } from "../gio/log-level.js"
import { waitUntil } from "../gio/waiting.js"
import { type Services, type Signal } from "../platform/services.js"
import { sensorConfig } from "../sensor/program.js"
import { type ReadingSource } from "../sensor/reading.js"
import { type SettingSource } from "../sensor/settings.js"
import { Lwm2mClient } from "./client.js"
import { Lwm2mObjects } from "./objects.js"
import {
    type DeviceInformation,
    deviceObject,
    type MeasuredTemperature,
    newServerAccount,
    securityObject,
    serverObject,
    temperatureObject,
} from "./standard-objects.js"

/** Temperatures that differ by no more than this count as equal, °C: this much may come from the measurement. */
const SAME = 0.005

/**
 * A thermometer as an LwM2M client with the objects Security, Server, Device and Temperature. The device's settings contain the server, the
 * key and the interval (docs/configuration.md).
 * @devsWhenUsed
 */
export class Thermometer {
    private measured: MeasuredTemperature = { value: 0, minimum: 0, maximum: 0 }
    private objects: Lwm2mObjects
    private client: Lwm2mClient
    private interval: number
    private stopped = false
    private changed: Signal

    /**
     * @param source source whose first reading is the temperature, °C
     * @param lifetime lifetime of the registration, s
     */
    constructor(
        private services: Services,
        setting: SettingSource,
        private source: ReadingSource,
        information: DeviceInformation,
        lifetime: number,
    ) {
        const config = sensorConfig(services, setting)
        const account = newServerAccount(lifetime)
        const objects = new Lwm2mObjects(services)
        const client = new Lwm2mClient(services, config, objects, account, setting("identity", ""))
        const self = this
        this.objects = objects
        this.client = client
        this.interval = config.interval
        this.changed = services.newSignal()
        objects.add(securityObject())
        objects.add(serverObject(account, () => client.wake()))
        objects.add(
            deviceObject(
                information,
                () => services.wallClock(),
                () => self.stop(),
            ),
        )
        objects.add(temperatureObject(this.measured, () => self.extremesChanged()))
    }

    /** Runs until a server requests a reboot, or `stop` is called. The client has de-registered when this returns. */
    async run(): Promise<void> {
        const self = this
        await this.measure(true)
        this.services.spawn(async () => {
            await self.measureLoop()
        })
        await this.client.run()
    }

    stop(): void {
        this.stopped = true
        this.changed.notify()
        this.client.stop()
    }

    private async measureLoop(): Promise<void> {
        const self = this
        const { services, interval } = this
        while (!this.stopped) {
            await waitUntil(services, this.changed, () => self.stopped, services.now() + interval, undefined)
            await this.measure(false)
        }
    }

    private async measure(isFirst: boolean): Promise<void> {
        try {
            const [temperature] = await this.source.read()
            this.take(temperature.value, isFirst)
        } catch (error) {
            this.services.log(LogLevel.error, errorText(error))
        }
    }

    private take(value: number, isFirst: boolean): void {
        const { measured } = this
        const { minimum, maximum } = measured
        const isSame = Math.abs(value - measured.value) < SAME
        measured.value = value
        measured.minimum = isFirst ? value : Math.min(minimum, value)
        measured.maximum = isFirst ? value : Math.max(maximum, value)
        if (measured.minimum !== minimum) this.objects.changed(3303, 0, 5601)
        if (measured.maximum !== maximum) this.objects.changed(3303, 0, 5602)
        if (!isSame) this.objects.changed(3303, 0, 5700)
    }

    private extremesChanged(): void {
        this.objects.changed(3303, 0, 5601)
        this.objects.changed(3303, 0, 5602)
    }
}
