import { runInOfficialVm } from "./host/build/device.ts"
const r = runInOfficialVm(`test/device/application.ts`)
console.log(r.status, r.output.slice(-400))
