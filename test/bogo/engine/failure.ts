/** The test failed as far as the shim can see; the message is for people. */
export class ShimFailure extends Error {}
