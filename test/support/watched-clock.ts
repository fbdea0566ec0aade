import { JumpingClock, type Outside } from "../../host/simulator/device-clock.js"

/** A clock that reports whenever its device's program waits. */
export class WatchedClock extends JumpingClock {
    constructor(private onWait: () => void) {
        super()
    }

    override async sleep(time: number | undefined, outside: Outside): Promise<void> {
        this.onWait()
        await super.sleep(time, outside)
    }
}
