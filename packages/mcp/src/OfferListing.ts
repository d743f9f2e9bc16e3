import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import type { OfferMethod } from "./internal/OfferRequests.ts"
import { readPrompts, readResources, readTemplates } from "./OfferLists.ts"
import { type Listing, notesOf, type Offers } from "./Offers.ts"
import { listAll, type Paged } from "./Pages.ts"
import { whenever } from "./Relisting.ts"
import type { ServerState } from "./ServerState.ts"
import { settled, type ToolServer, until } from "./ToolServer.ts"

/** The method is one that a server may lack although it has the others of its kind: then it has none of these. */
const unknownMethod = /^Error -32601:|^HTTP 404: .*"code":-32601\b/s

const lists = {
  resources: { method: "resources/list", key: "resources", noun: "resource" },
  resourceTemplates: { method: "resources/templates/list", key: "resourceTemplates", noun: "resource template" },
  prompts: { method: "prompts/list", key: "prompts", noun: "prompt" }
} satisfies { readonly [K in keyof Offers]: Paged & { readonly method: OfferMethod } }

const joined = (...notes: ReadonlyArray<string | undefined>): string | undefined => {
  const said = notes.filter((note) => note !== undefined).join("; ")
  return said === "" ? undefined : said
}

/** What one list holds. What was known on the same connection stays when it cannot be read again. */
const listOne = Effect.fnUntraced(function* <A>(
  kind: keyof Offers,
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
    connection.offers.ask(list.method, cursor === undefined ? {} : { cursor }).pipe(
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
    // A defect here is a fault of ours; it must leave nobody waiting for the list, and the server as it is.
    Effect.catchDefect((defect) => Effect.succeed(failed(`internal error: ${String(defect)}`)))
  )
})

/**
 * Lists what a server offers beside its tools, and again whenever it says that this has changed. A server that does not say
 * it has resources, or prompts, is not asked for them. Never fails, and ends only with the connection.
 */
export const keepListed = (
  { name, offers }: ToolServer,
  connection: Connection,
  limit: Duration.Duration
): Effect.Effect<void> => {
  const { has, promptsChanged, resourcesChanged } = connection.offers
  const none = { on: connection, items: [], note: undefined }
  const set = (part: Partial<Offers>) => SubscriptionRef.update(offers, (before) => ({ ...before, ...part }))

  const resources = Effect.flatMap(SubscriptionRef.get(offers), (known) =>
    listOne("resources", connection, known.resources, readResources(name), limit)
  ).pipe(Effect.flatMap((resources) => set({ resources })))
  const templates = Effect.flatMap(SubscriptionRef.get(offers), (known) =>
    listOne("resourceTemplates", connection, known.resourceTemplates, readTemplates(name), limit)
  ).pipe(Effect.flatMap((resourceTemplates) => set({ resourceTemplates })))
  const prompts = Effect.flatMap(SubscriptionRef.get(offers), (known) =>
    listOne("prompts", connection, known.prompts, readPrompts(name), limit)
  ).pipe(Effect.flatMap((prompts) => set({ prompts })))

  const both = Effect.all([resources, templates], { concurrency: "unbounded", discard: true })
  return Effect.all(
    [
      has.resources
        ? Effect.andThen(both, whenever(resourcesChanged, both))
        : set({ resources: none, resourceTemplates: none }),
      has.prompts ? Effect.andThen(prompts, whenever(promptsChanged, prompts)) : set({ prompts: none })
    ],
    { concurrency: "unbounded", discard: true }
  )
}

const isOn = (state: ServerState, connection: Connection): boolean =>
  state._tag === "Ready" && state.connection === connection

/** One list of a server as it is known: empty unless the server is ready. Waits for the first listing, which is bounded. */
export const listed = Effect.fnUntraced(function* <K extends keyof Offers>(
  server: ToolServer,
  kind: K
): Effect.fn.Return<Offers[K]["items"]> {
  const state = yield* settled(server)
  if (state._tag !== "Ready") return []
  const { connection } = state
  const there = SubscriptionRef.changes(server.offers).pipe(
    Stream.map((offers) => offers[kind]),
    Stream.filter(({ on }) => on === connection),
    Stream.runHead,
    Effect.map(Option.match({ onNone: (): Offers[K]["items"] => [], onSome: ({ items }) => items }))
  )
  return yield* Effect.raceFirst(
    there,
    Effect.as(
      until(server, (now) => !isOn(now, connection)),
      []
    )
  )
})

/** What a person should know of the lists of a server that is ready. */
export const notesNow = ({ offers }: ToolServer, state: ServerState): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(SubscriptionRef.get(offers), (offers) => (state._tag === "Ready" ? notesOf(offers, state.connection) : []))
