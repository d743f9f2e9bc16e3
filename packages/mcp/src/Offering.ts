import type { McpManager } from "@parley/domain/McpManager"
import * as Effect from "effect/Effect"
import { complete, getPrompt, readResource, unknownServer } from "./OfferCalls.ts"
import { listed } from "./OfferListing.ts"
import type { Offers } from "./Offers.ts"
import type { ToolServer } from "./ToolServer.ts"

/**
 * What several servers offer beside their tools. The servers are in the order of their names and each list is sorted, so
 * the whole depends neither on who answered first nor on the order of the configuration.
 */
export const offering = (
  servers: ReadonlyArray<ToolServer>
): Pick<
  McpManager["Service"],
  "resources" | "resourceTemplates" | "prompts" | "readResource" | "getPrompt" | "complete"
> => {
  const sorted = servers.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
  const all = <K extends keyof Offers>(kind: K) =>
    Effect.map(
      Effect.forEach(sorted, (server) => listed(server, kind), { concurrency: "unbounded" }),
      (lists) => lists.flat()
    )
  const named = (name: string) =>
    Effect.suspend(() => {
      const found = servers.find((server) => server.name === name)
      return found === undefined ? Effect.fail(unknownServer(name)) : Effect.succeed(found)
    })
  return {
    resources: all("resources"),
    resourceTemplates: all("resourceTemplates"),
    prompts: all("prompts"),
    readResource: (name, uri) => Effect.flatMap(named(name), (server) => readResource(server, uri)),
    getPrompt: (name, prompt, args) => Effect.flatMap(named(name), (server) => getPrompt(server, prompt, args)),
    complete: (completing) => Effect.flatMap(named(completing.server), (server) => complete(server, completing))
  }
}
