import type { Client } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import { makeChanges } from "./Changes.ts"

type Kind = "tools" | "prompts" | "resources"

const listening = (client: Pick<Client, "listen">, kinds: ReadonlyArray<Kind>) =>
  Effect.tryPromise(() =>
    client.listen({
      ...(kinds.includes("tools") ? { toolsListChanged: true } : {}),
      ...(kinds.includes("prompts") ? { promptsListChanged: true } : {}),
      ...(kinds.includes("resources") ? { resourcesListChanged: true } : {})
    })
  )

/** In the later era of the protocol a server tells of changes only when it is asked to, and for as long as the stream lasts. */
export const listenAlways = (
  client: Pick<Client, "listen">,
  kinds: ReadonlyArray<Kind>,
  notify: () => void
): Effect.Effect<void> => {
  const ended = ({ closed }: Awaited<ReturnType<Client["listen"]>>) => Effect.promise(() => closed)
  const again = listening(client, kinds).pipe(
    // What changed while nobody listened is not told of again.
    Effect.tap(() => Effect.sync(notify)),
    Effect.flatMap(ended),
    Effect.ignore,
    Effect.delay("5 seconds"),
    Effect.forever
  )
  return listening(client, kinds).pipe(
    Effect.flatMap(ended),
    Effect.andThen(again),
    // A server that does not take the request at all is one whose lists stay as they were.
    Effect.ignore
  )
}

/**
 * What a server says of changes to what it offers, of each kind by itself. Made before connecting: a server may say it as
 * soon as it is connected. One that did not announce it is not listened to. `listen` is for when it has answered.
 */
export const announcements = Effect.fnUntraced(function* (client: Client) {
  const [tools, prompts, resources] = yield* Effect.all([makeChanges, makeChanges, makeChanges])
  const made = { tools, prompts, resources }
  const announces = (kind: Kind): boolean => client.getServerCapabilities()?.[kind]?.listChanged === true
  const hear = (kind: Kind) => {
    client.setNotificationHandler(`notifications/${kind}/list_changed`, () => {
      if (announces(kind)) made[kind].notify()
    })
  }
  hear("tools")
  hear("prompts")
  hear("resources")
  const listen = Effect.suspend(() => {
    const kinds = (["tools", "prompts", "resources"] as const).filter(announces)
    return kinds.length > 0 && client.getProtocolEra() === "modern"
      ? listenAlways(client, kinds, () => kinds.forEach((kind) => made[kind].notify()))
      : Effect.void
  })
  return {
    toolsChanged: tools.changes,
    promptsChanged: prompts.changes,
    resourcesChanged: resources.changes,
    listen
  }
})
