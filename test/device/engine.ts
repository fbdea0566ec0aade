import { engineTests } from "../engine/all.js"
import { deviceKit, plainServices } from "./kit.js"
import { VmCryptoProvider } from "./vm-crypto.js"

engineTests(deviceKit(plainServices(), new VmCryptoProvider()))
