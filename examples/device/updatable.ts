/*
 * A sensor whose program is replaced over the air: `"update"` in devs.config.json says whose updates it takes. It asks the gateway
 * that it posts to, and goes back to the program before when the new one does not post.
 */
import { SHT_ADDRESS, ShtSource } from "mote-dtls/drivers"
import { runUpdatableSensor } from "mote-dtls/update"

await runUpdatableSensor(new ShtSource(SHT_ADDRESS, false))
