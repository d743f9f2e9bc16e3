import type { Client, StandardSchemaV1 } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import { RequestFailure, requestFailure } from "./SdkFailure.ts"

// The SDK's own limit on a request is switched off: limits are ours, so that a limit and an interruption can be told apart.
export const noLimit = 2 ** 31 - 1
const anyResult: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "parley", validate: (value) => ({ value }) }
}

/** Asks the server something and takes the answer as it comes. Interruption cancels the request there too. */
export const request = (
  client: Client,
  method: string,
  params: Record<string, unknown>,
  onprogress?: (progress: unknown) => void
) =>
  client.transport === undefined
    ? Effect.fail(
        new RequestFailure({ connection: "Gone", reason: { _tag: "NotSent", problem: "the connection is closed" } })
      )
    : Effect.tryPromise({
        // An aborted signal makes the SDK send `notifications/cancelled`.
        try: (signal) =>
          client.request({ method, params }, anyResult, {
            signal,
            timeout: noLimit,
            ...(onprogress === undefined ? {} : { onprogress })
          }),
        catch: requestFailure
      })
