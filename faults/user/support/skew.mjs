// Loaded before the command: its wall clock is off by as many milliseconds as the file in PARLEY_TEST_SKEW says at the
// moment. Timers go on as they are, as they do when a system's clock is set.
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
