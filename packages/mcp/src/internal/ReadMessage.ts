import type { JSONRPCMessage } from "@modelcontextprotocol/client"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { loadClient } from "./Sdk.ts"
import type * as Effect from "effect/Effect"

type Sdk = Pick<Effect.Success<typeof loadClient>, "isJSONRPCNotification" | "parseJSONRPCMessage">

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** What a line is: a message, one that is left out, or something else. */
export type Read = JSONRPCMessage | "left out" | "noise"

/**
 * Reads one line of a server. Whether it is a message costs far more to find out than what it says it is, and what that
 * leaves behind costs more still, so what is left out is left out before.
 */
export const makeReadMessage = (sdk: Sdk, passes: (message: object) => boolean): ((line: string) => Read) => {
  const check = (value: object): Read => {
    // A notification is tried as what it is, and not first as everything else.
    if ("method" in value && !("id" in value)) return sdk.isJSONRPCNotification(value) ? value : "noise"
    return Result.getOrElse(
      Result.try((): Read => sdk.parseJSONRPCMessage(value)),
      () => "noise"
    )
  }
  return (line) => {
    const value = Result.getOrUndefined(decodeJson(line))
    if (typeof value !== "object" || value === null) return "noise"
    return passes(value) ? check(value) : "left out"
  }
}
