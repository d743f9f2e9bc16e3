import { describe } from "@effect/vitest"
import { crashes } from "./mcp/crashes.ts"
import { ends } from "./mcp/ends.ts"
import { flow } from "./mcp/flow.ts"
import { overHttp } from "./mcp/http.ts"
import { hangs } from "./mcp/hang.ts"
import { floods } from "./mcp/floods.ts"
import { lists } from "./mcp/lists.ts"
import { many } from "./mcp/many.ts"
import { names } from "./mcp/names.ts"
import { cases as logins } from "./mcp/oauth.ts"
import { output } from "./mcp/output.ts"
import { pinned } from "./mcp/pinned.ts"
import { protocol } from "./mcp/protocol.ts"
import { results } from "./mcp/results.ts"
import { rows } from "./mcp/rows.ts"
import { schemas } from "./mcp/schemas.ts"
import { shared } from "./mcp/shared.ts"
import { sizes } from "./mcp/sizes.ts"
import { texts } from "./mcp/texts.ts"
import { unavailable } from "./mcp/unavailable.ts"
import { suite } from "./suite.ts"

// Each case has separate servers, a directory and an engine, and spends most of its time waiting.
describe.concurrent("", () =>
  suite("RELIABILITY B.2, MCP servers", rows, [
    ...crashes,
    ...ends,
    ...flow,
    ...floods,
    ...hangs,
    ...lists,
    ...logins,
    many,
    ...names,
    ...output,
    ...overHttp,
    ...pinned,
    ...protocol,
    ...results,
    ...schemas,
    ...shared,
    ...sizes,
    ...texts,
    ...unavailable
  ]))
