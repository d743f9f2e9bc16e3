// Preloaded into the command: shifts its wall clock by the milliseconds that the file in PARLEY_TEST_SKEW contains at that
// time. Timers are not affected, just as when a system's clock is set.
import { readFileSync } from "node:fs"

const RealDate = Date
const now = () => RealDate.now() + Number(readFileSync(process.env.PARLEY_TEST_SKEW, "utf8"))
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now())
    else super(...args)
  }
  static now() {
    return now()
  }
}
