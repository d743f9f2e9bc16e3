import { describe } from "@effect/vitest"
import { broken } from "./provider/broken.ts"
import { network } from "./provider/network.ts"
import { refused } from "./provider/refused.ts"
import { retry } from "./provider/retry.ts"
import { rows } from "./provider/rows.ts"
import { stall } from "./provider/stall.ts"
import { suite } from "./suite.ts"

// Each case has a server, a directory and an engine of its own, and spends most of its time waiting.
describe.concurrent("", () =>
  suite("RELIABILITY B.1, provider", rows, [...broken, ...network, ...refused, ...retry, ...stall]))
