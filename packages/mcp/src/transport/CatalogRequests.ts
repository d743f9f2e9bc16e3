import * as Effect from "effect/Effect"
import { type Changes, noChanges } from "./Changes.ts"
import { RequestFailure } from "../sdk/SdkFailure.ts"

/** The requests for a server's catalog: everything that it offers besides tools. */
export type CatalogMethod =
  | "resources/list"
  | "resources/templates/list"
  | "resources/read"
  | "prompts/list"
  | "prompts/get"
  | "completion/complete"

/** Resources, prompts and completion of one connection. */
export interface CatalogRequests {
  /** The capabilities that the server declares. No request is sent for the others. */
  readonly has: { readonly resources: boolean; readonly prompts: boolean; readonly completions: boolean }
  /** Returns the response unchanged. */
  readonly ask: (
    method: CatalogMethod,
    params: { readonly [name: string]: unknown }
  ) => Effect.Effect<unknown, RequestFailure>
  readonly resourcesChanged: Changes
  readonly promptsChanged: Changes
}

/** For a server that offers only tools. */
export const noCatalog: CatalogRequests = {
  has: { resources: false, prompts: false, completions: false },
  ask: () =>
    Effect.fail(
      new RequestFailure({ connection: "Sound", reason: { _tag: "NotSent", problem: "the server has only tools" } })
    ),
  resourcesChanged: noChanges,
  promptsChanged: noChanges
}
