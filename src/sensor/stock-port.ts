/** Where `mote sim --stock` listens; it writes its own into the copy that it compiles, since the VM has no settings. */
export const BRIDGE_PORT = 12684
