import * as Effect from "effect/Effect"
import { type Changes, noChanges } from "./Changes.ts"
import { RequestFailure } from "./SdkFailure.ts"

/** What a server may be asked for beside tools. */
export type OfferMethod =
  | "resources/list"
  | "resources/templates/list"
  | "resources/read"
  | "prompts/list"
  | "prompts/get"
  | "completion/complete"

/** Resources, prompts and completion of one connection. */
export interface OfferRequests {
  /** What the server says it has. It is asked for nothing else. */
  readonly has: { readonly resources: boolean; readonly prompts: boolean; readonly completions: boolean }
  /** The answer as the server sent it. */
  readonly ask: (
    method: OfferMethod,
    params: { readonly [name: string]: unknown }
  ) => Effect.Effect<unknown, RequestFailure>
  readonly resourcesChanged: Changes
  readonly promptsChanged: Changes
}

/** Of a server that has nothing but tools. */
export const noOffers: OfferRequests = {
  has: { resources: false, prompts: false, completions: false },
  ask: () =>
    Effect.fail(
      new RequestFailure({ connection: "Sound", reason: { _tag: "NotSent", problem: "the server has only tools" } })
    ),
  resourcesChanged: noChanges,
  promptsChanged: noChanges
}
