import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import { plainLine } from "./PlainText.ts"
import * as Pins from "./Pins.ts"
import type { Catalog } from "./ToolListing.ts"
import { asSeen } from "./Unseen.ts"

export interface AdmissionOptions {
  readonly pins?: Pins.Pins | undefined
  readonly keepUnseen?: boolean | undefined
  readonly firstSight?: Duration.Input | undefined
}

/** A tool that its server offers and that is neither shown to a model nor called, with words for who calls it. */
export interface Blocked {
  readonly name: string
  readonly why: string
}

const few = (names: ReadonlyArray<string>): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")

const blocking = (tools: ReadonlyArray<ToolDefinition>, server: string, what: string): ReadonlyArray<Blocked> =>
  tools.map(({ name }) => ({
    name,
    why: `The call was not sent: ${what}. It is blocked until the user has looked at it with \`parley mcp trust ${server}\`; tell the user so, and go on without it`
  }))

const joined = (...notes: ReadonlyArray<string | undefined>): string | undefined => {
  const said = notes.filter((note) => note !== undefined)
  return said.length === 0 ? undefined : said.join("; ")
}

/** How a server sees us in one of its lives: some offer other tools to who can be asked questions, or has a model. */
export interface Sight {
  /** What we said we can do. */
  readonly as: string
  /** Until when, in milliseconds, what it adds still counts as what it offered at first. */
  firstUntil: number
}

export const makeSight = (as: string): Sight => ({ as, firstUntil: 0 })

/** Some servers register their tools only after the greeting. */
const defaultFirstSight = Duration.seconds(5)

const nameOf = (tool: string): string => (tool === Pins.instructionsName ? "its instructions" : plainLine(tool, 80))

const counted = (tools: number, saysOther: boolean): string => {
  const ofTools = tools === 1 ? "1 tool" : `${tools} tools`
  return saysOther ? (tools === 0 ? "the instructions" : `the instructions and ${ofTools}`) : ofTools
}

/**
 * Holds what is offered against what was accepted. What a server offers when it is first seen is accepted, and so is what it
 * adds when it first sees us with other capabilities; what it says differently never is.
 */
const pinned = Effect.fnUntraced(function* (
  pins: Pins.Pins,
  server: string,
  config: McpServerConfig,
  catalog: Catalog,
  sight: Sight,
  firstSight: Duration.Duration
): Effect.fn.Return<Catalog> {
  const key = Pins.keyOf(server, config)
  const sightKey = Pins.keyAs(key, sight.as)
  const offered = Pins.pinAll(catalog.tools, catalog.instructions)
  const known = yield* Effect.result(Effect.all([pins.read(key), pins.read(sightKey)]))
  if (known._tag === "Failure") {
    const why = `what its tools were when they were accepted cannot be read: ${known.failure.problem}`
    return { ...catalog, tools: [], blocked: blocking(catalog.tools, server, why), note: joined(catalog.note, why) }
  }
  const [accepted = {}, seen] = known.success
  const now = yield* Clock.currentTimeMillis
  if (seen === undefined && sight.firstUntil === 0) sight.firstUntil = now + Duration.toMillis(firstSight)
  const isFirst = seen === undefined || now < sight.firstUntil
  const found = Pins.driftOf(accepted, offered)
  const drift = isFirst ? found.filter(({ kind }) => kind !== "added") : found
  const unwritten =
    isFirst && (seen === undefined || found.length > drift.length)
      ? yield* pins
          .update(key, (before = {}) => Pins.accept(offered, before))
          .pipe(
            Effect.andThen(pins.update(sightKey, () => ({}))),
            Effect.as(undefined),
            Effect.catch(({ problem }) => Effect.succeed(`its tools could not be pinned: ${problem}`))
          )
      : undefined
  const note = joined(catalog.note, unwritten)
  if (drift.length === 0) return { ...catalog, note }
  const kinds = new Map(drift.map(({ kind, tool }) => [tool, kind]))
  const of = (kind: Pins.Drift["kind"]) => catalog.tools.filter(({ tool }) => kinds.get(tool) === kind)
  const names = drift.map(({ kind, tool }) => `${nameOf(tool)}${kind === "added" ? " (new)" : ""}`)
  const { instructions, ...rest } = catalog
  const saysOther = kinds.has(Pins.instructionsName)
  return {
    ...rest,
    ...(saysOther || instructions === undefined ? {} : { instructions }),
    tools: catalog.tools.filter(({ tool }) => !kinds.has(tool)),
    blocked: [
      ...blocking(of("changed"), server, "the server has changed what it says of this tool"),
      ...blocking(of("added"), server, "the server has added this tool since it was accepted")
    ],
    note: joined(
      note,
      `${counted(drift.length - (saysOther ? 1 : 0), saysOther)} changed since they were pinned, and blocked: ${few(names)}; \`parley mcp trust ${server}\` shows what is different`
    )
  }
})

/** Takes out what a person could not have read. */
const seen = (catalog: Catalog): Catalog => {
  const tools = catalog.tools.map((tool) => ({ tool, seen: asSeen(tool) }))
  const hidden = tools.flatMap(({ seen, tool }) => (seen === undefined ? [plainLine(tool.tool, 80)] : []))
  const note = hidden.length === 0 ? undefined : `left out, as their schemas hold what nobody sees: ${few(hidden)}`
  return {
    ...catalog,
    tools: tools.flatMap(({ seen }) => (seen === undefined ? [] : [seen])),
    note: joined(catalog.note, note)
  }
}

/** What of a server's tools may be shown to a model and called. */
export const admit = (
  server: string,
  config: McpServerConfig,
  { firstSight = defaultFirstSight, keepUnseen, pins }: AdmissionOptions,
  catalog: Catalog,
  sight: Sight
): Effect.Effect<Catalog> =>
  Effect.map(
    pins === undefined || config.pinning === "off"
      ? Effect.succeed(catalog)
      : pinned(pins, server, config, catalog, sight, Duration.fromInputUnsafe(firstSight)),
    (catalog) => (keepUnseen === true ? catalog : seen(catalog))
  )
