import { sessionTests } from "../engine/all.js"
import { deviceKit, plainServices } from "./kit.js"
import { VmCryptoProvider } from "./vm-crypto.js"

sessionTests(deviceKit(plainServices(), new VmCryptoProvider()))
