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

/**
 * In the stateless revision of the protocol, a server sends change notifications only on request, while the stream is open.
 */
export const listenAlways = (
  client: Pick<Client, "listen">,
  kinds: ReadonlyArray<Kind>,
  notify: () => void
): Effect.Effect<void> => {
  const ended = ({ closed }: Awaited<ReturnType<Client["listen"]>>) => Effect.promise(() => closed)
  const again = listening(client, kinds).pipe(
    // The server does not repeat notifications that it sent while no stream was open, so assume that everything changed.
    Effect.tap(() => Effect.sync(notify)),
    Effect.flatMap(ended),
    Effect.ignore,
    Effect.delay("5 seconds"),
    Effect.forever
  )
  return listening(client, kinds).pipe(
    Effect.flatMap(ended),
    Effect.andThen(again),
    // The lists of a server that rejects the first request are assumed never to change.
    Effect.ignore
  )
}

/**
 * The server's notifications about changed lists, separately for tools, prompts and resources. Create this before
 * connecting, because a server may send them as soon as it is connected. Notifications are ignored unless the server
 * declared `listChanged` for that list. Run `listen` after the server has responded to `initialize`.
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
