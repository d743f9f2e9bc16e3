import { describe } from "@effect/vitest"
import { broken } from "./provider/broken.ts"
import { bytes } from "./provider/bytes.ts"
import { input } from "./provider/input.ts"
import { names } from "./provider/names.ts"
import { network } from "./provider/network.ts"
import { poisoned } from "./provider/poison.ts"
import { protocol } from "./provider/protocol.ts"
import { refused } from "./provider/refused.ts"
import { retry } from "./provider/retry.ts"
import { rows } from "./provider/rows.ts"
import { sizes } from "./provider/sizes.ts"
import { stall } from "./provider/stall.ts"
import { stops } from "./provider/stops.ts"
import { storms } from "./provider/storm.ts"
import { thinking } from "./provider/thinking.ts"
import { suite } from "./suite.ts"

// Each case has a separate server, directory and engine, and spends most of its time waiting.
describe.concurrent("", () =>
  suite("RELIABILITY B.1, provider", rows, [
    ...broken,
    ...bytes,
    ...input,
    ...names,
    ...network,
    ...poisoned,
    ...protocol,
    ...refused,
    ...retry,
    ...sizes,
    ...stall,
    ...stops,
    ...storms,
    ...thinking
  ]))
