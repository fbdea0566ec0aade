import { addressTests } from "../engine/all.js"
import { deviceKit, plainServices } from "./kit.js"
import { VmCryptoProvider } from "./vm-crypto.js"

addressTests(deviceKit(plainServices(), new VmCryptoProvider()))
