import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { ServerDown } from "../transport/ChildServer.ts"
import type { Connection } from "../transport/Connection.ts"
import type { CatalogMethod } from "../transport/CatalogRequests.ts"
import { readPrompts, readResources, readTemplates } from "./CatalogLists.ts"
import { type Listing, notesOf, type ServerCatalog } from "./Catalog.ts"
import { listAll, type Paged } from "./Pages.ts"
import { onEachChange } from "./Relisting.ts"
import type { ServerState } from "./ServerState.ts"
import { settled, type ToolServer, until } from "./ToolServer.ts"

/** A server may support only some list methods of a capability. An unknown method counts as an empty list. */
const unknownMethod = /^Error -32601:|^HTTP 404: .*"code":-32601\b/s

const lists = {
  resources: { method: "resources/list", key: "resources", noun: "resource" },
  resourceTemplates: { method: "resources/templates/list", key: "resourceTemplates", noun: "resource template" },
  prompts: { method: "prompts/list", key: "prompts", noun: "prompt" }
} satisfies { readonly [K in keyof ServerCatalog]: Paged & { readonly method: CatalogMethod } }

const joined = (...notes: ReadonlyArray<string | undefined>): string | undefined => {
  const present = notes.filter((note) => note !== undefined).join("; ")
  return present === "" ? undefined : present
}

/** Fetches one list. If that fails, the items that are known from the same connection are kept. */
const listOne = Effect.fnUntraced(function* <A>(
  kind: keyof ServerCatalog,
  connection: Connection,
  known: Listing<A>,
  read: (entries: ReadonlyArray<unknown>) => { readonly items: ReadonlyArray<A>; readonly note: string | undefined },
  limit: Duration.Duration
): Effect.fn.Return<Listing<A>> {
  const list = lists[kind]
  const failed = (note: string): Listing<A> => ({
    on: connection,
    items: known.on === connection ? known.items : [],
    note
  })
  return yield* listAll(list, (cursor) =>
    connection.catalog.ask(list.method, cursor === undefined ? {} : { cursor }).pipe(
      Effect.catchIf(
        ({ problem }) => unknownMethod.test(problem),
        () => Effect.succeed({ [list.key]: [] })
      )
    )
  ).pipe(
    Effect.map(({ entries, note: aboutPages }): Listing<A> => {
      const { items, note } = read(entries)
      return { on: connection, items, note: joined(note, aboutPages) }
    }),
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () => Effect.fail(new ServerDown({ problem: `it did not list its ${list.noun}s in time` }))
    }),
    Effect.catch(({ problem }) => Effect.succeed(failed(problem))),
    // A defect here is a bug in Parley. It must not leave callers waiting for the list, and must not affect the server.
    Effect.catchDefect((defect) => Effect.succeed(failed(`internal error: ${String(defect)}`)))
  )
})

/**
 * Fetches a server's catalog, and fetches it again whenever the server reports a change. Resources and prompts are requested
 * only if the server declares them. Never fails, and ends only with the connection.
 */
export const keepListed = (
  { catalog, name }: ToolServer,
  connection: Connection,
  limit: Duration.Duration
): Effect.Effect<void> => {
  const { has, promptsChanged, resourcesChanged } = connection.catalog
  const none = { on: connection, items: [], note: undefined }
  const set = (part: Partial<ServerCatalog>) => SubscriptionRef.update(catalog, (before) => ({ ...before, ...part }))

  const resources = Effect.flatMap(SubscriptionRef.get(catalog), (known) =>
    listOne("resources", connection, known.resources, readResources(name), limit)
  ).pipe(Effect.flatMap((resources) => set({ resources })))
  const templates = Effect.flatMap(SubscriptionRef.get(catalog), (known) =>
    listOne("resourceTemplates", connection, known.resourceTemplates, readTemplates(name), limit)
  ).pipe(Effect.flatMap((resourceTemplates) => set({ resourceTemplates })))
  const prompts = Effect.flatMap(SubscriptionRef.get(catalog), (known) =>
    listOne("prompts", connection, known.prompts, readPrompts(name), limit)
  ).pipe(Effect.flatMap((prompts) => set({ prompts })))

  const both = Effect.all([resources, templates], { concurrency: "unbounded", discard: true })
  return Effect.all(
    [
      has.resources
        ? Effect.andThen(both, onEachChange(resourcesChanged, both))
        : set({ resources: none, resourceTemplates: none }),
      has.prompts ? Effect.andThen(prompts, onEachChange(promptsChanged, prompts)) : set({ prompts: none })
    ],
    { concurrency: "unbounded", discard: true }
  )
}

const isOn = (state: ServerState, connection: Connection): boolean =>
  state._tag === "Ready" && state.connection === connection

/** One known list of a server: empty unless the server is ready. Waits for the first listing, which has a timeout. */
export const listed = Effect.fnUntraced(function* <K extends keyof ServerCatalog>(
  server: ToolServer,
  kind: K
): Effect.fn.Return<ServerCatalog[K]["items"]> {
  const state = yield* settled(server)
  if (state._tag !== "Ready") return []
  const { connection } = state
  const there = SubscriptionRef.changes(server.catalog).pipe(
    Stream.map((catalog) => catalog[kind]),
    Stream.filter(({ on }) => on === connection),
    Stream.runHead,
    Effect.map(Option.match({ onNone: (): ServerCatalog[K]["items"] => [], onSome: ({ items }) => items }))
  )
  return yield* Effect.raceFirst(
    there,
    Effect.as(
      until(server, (now) => !isOn(now, connection)),
      []
    )
  )
})

/** The notes for a person about the lists of a ready server; none if the server is not ready. */
export const notesNow = ({ catalog }: ToolServer, state: ServerState): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(SubscriptionRef.get(catalog), (lists) => (state._tag === "Ready" ? notesOf(lists, state.connection) : []))
