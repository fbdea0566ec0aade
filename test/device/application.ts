import { applicationTests } from "../engine/all.js"
import { deviceKit, plainServices } from "./kit.js"
import { VmCryptoProvider } from "./vm-crypto.js"

applicationTests(deviceKit(plainServices(), new VmCryptoProvider()))
