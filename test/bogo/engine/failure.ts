/** The test failed as far as the shim can see; its message is for a person. */
export class ShimFailure extends Error {}
