/**
 * The port on which `mote sim --stock` listens. It writes its own port into the copy that it compiles, because the VM
 * has no settings.
 */
export const BRIDGE_PORT = 12684
