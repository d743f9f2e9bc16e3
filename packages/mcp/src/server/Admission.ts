import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import { plainLine } from "@parley/domain/VisibleText"
import * as ToolPins from "../tools/ToolPins.ts"
import type { Blocked, ToolListing } from "./ToolListing.ts"
import { asSeen } from "../text/HiddenText.ts"

export interface AdmissionOptions {
  readonly pins?: ToolPins.Pins | undefined
  readonly keepUnseen?: boolean | undefined
  readonly firstOfferWindow?: Duration.Input | undefined
  readonly howToAccept?: ((server: string) => string) | undefined
}

const few = (names: ReadonlyArray<string>): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")

/** `way` is how the user accepts a tool, if the host has told us. */
const blocking = (tools: ReadonlyArray<ToolDefinition>, way: string | undefined, what: string) =>
  tools.map(({ name }): Blocked => {
    const how = way === undefined ? "" : ` with ${way}`
    const until = `It is blocked until the user has looked at it${how}; tell the user so, and go on without it`
    return { name, why: `The call was not sent: ${what}. ${until}` }
  })

const joined = (...notes: ReadonlyArray<string | undefined>): string | undefined => {
  const present = notes.filter((note) => note !== undefined)
  return present.length === 0 ? undefined : present.join("; ")
}

/**
 * The tools that one run of a server offers first to a client with our capabilities. Some servers offer other tools to a
 * client that supports elicitation or sampling.
 */
export interface FirstOffer {
  /** The capabilities that we declared, sorted and joined with commas. */
  readonly capabilities: string
  /** Until this time, in milliseconds since the epoch, added tools still count as part of the first offer. */
  openUntil: number
}

export const makeFirstOffer = (capabilities: string): FirstOffer => ({ capabilities, openUntil: 0 })

/** Some servers register their tools only after the handshake. */
const defaultFirstOfferWindow = Duration.seconds(5)

const nameOf = (tool: string): string => (tool === ToolPins.instructionsName ? "its instructions" : plainLine(tool, 80))

const counted = (tools: number, saysOther: boolean): string => {
  const ofTools = tools === 1 ? "1 tool" : `${tools} tools`
  return saysOther ? (tools === 0 ? "the instructions" : `the instructions and ${ofTools}`) : ofTools
}

/**
 * Compares the offered tools with the pinned ones. Everything that a server offers when it is first seen is accepted, and so
 * are tools that it adds when it first sees us with other capabilities. Changed definitions are never accepted
 * automatically.
 */
const pinned = Effect.fnUntraced(function* (
  pins: ToolPins.Pins,
  server: string,
  config: McpServerConfig,
  listing: ToolListing,
  firstOffer: FirstOffer,
  firstOfferWindow: Duration.Duration,
  way: string | undefined
): Effect.fn.Return<ToolListing> {
  const key = ToolPins.keyOf(server, config)
  const clientKey = ToolPins.keyAs(key, firstOffer.capabilities)
  const offered = ToolPins.pinAll(listing.tools, listing.instructions)
  const known = yield* Effect.result(Effect.all([pins.read(key), pins.read(clientKey)]))
  if (known._tag === "Failure") {
    const why = `what its tools were when they were accepted cannot be read: ${known.failure.problem}`
    return { ...listing, tools: [], blocked: blocking(listing.tools, way, why), note: joined(listing.note, why) }
  }
  const [accepted = {}, seen] = known.success
  const now = yield* Clock.currentTimeMillis
  if (seen === undefined && firstOffer.openUntil === 0) firstOffer.openUntil = now + Duration.toMillis(firstOfferWindow)
  const isFirst = seen === undefined || now < firstOffer.openUntil
  const found = ToolPins.driftOf(accepted, offered)
  const drift = isFirst ? found.filter(({ kind }) => kind !== "added") : found
  const unwritten =
    isFirst && (seen === undefined || found.length > drift.length)
      ? yield* pins
          .update(key, (before = {}) => ToolPins.accept(offered, before))
          .pipe(
            Effect.andThen(pins.update(clientKey, () => ({}))),
            Effect.as(undefined),
            Effect.catch(({ problem }) => Effect.succeed(`its tools could not be pinned: ${problem}`))
          )
      : undefined
  const note = joined(listing.note, unwritten)
  if (drift.length === 0) return { ...listing, note }
  const kinds = new Map(drift.map(({ kind, tool }) => [tool, kind]))
  const of = (kind: ToolPins.Drift["kind"]) => listing.tools.filter(({ tool }) => kinds.get(tool) === kind)
  const names = drift.map(({ kind, tool }) => `${nameOf(tool)}${kind === "added" ? " (new)" : ""}`)
  const { instructions, ...rest } = listing
  const saysOther = kinds.has(ToolPins.instructionsName)
  return {
    ...rest,
    ...(saysOther || instructions === undefined ? {} : { instructions }),
    tools: listing.tools.filter(({ tool }) => !kinds.has(tool)),
    blocked: [
      ...blocking(of("changed"), way, "the server has changed what it says of this tool"),
      ...blocking(of("added"), way, "the server has added this tool since it was accepted")
    ],
    note: joined(
      note,
      `${counted(drift.length - (saysOther ? 1 : 0), saysOther)} changed since they were pinned, and blocked: ${few(names)}${way === undefined ? "" : `; ${way} shows the differences`}`
    )
  }
})

/** Removes text that a person cannot see, and tools whose schemas contain such text. */
const seen = (listing: ToolListing): ToolListing => {
  const tools = listing.tools.map((tool) => ({ tool, seen: asSeen(tool) }))
  const hidden = tools.flatMap(({ seen, tool }) => (seen === undefined ? [plainLine(tool.tool, 80)] : []))
  const note =
    hidden.length === 0 ? undefined : `left out, because their schemas contain invisible characters: ${few(hidden)}`
  return {
    ...listing,
    tools: tools.flatMap(({ seen }) => (seen === undefined ? [] : [seen])),
    note: joined(listing.note, note)
  }
}

/** Returns the tools of a server that may be shown to a model and called, with the reasons for those that may not. */
export const admit = (
  server: string,
  config: McpServerConfig,
  { firstOfferWindow = defaultFirstOfferWindow, howToAccept, keepUnseen, pins }: AdmissionOptions,
  listing: ToolListing,
  firstOffer: FirstOffer
): Effect.Effect<ToolListing> =>
  Effect.map(
    pins === undefined || config.pinning === "off"
      ? Effect.succeed(listing)
      : pinned(
          pins,
          server,
          config,
          listing,
          firstOffer,
          Duration.fromInputUnsafe(firstOfferWindow),
          howToAccept?.(server)
        ),
    (listing) => (keepUnseen === true ? listing : seen(listing))
  )
