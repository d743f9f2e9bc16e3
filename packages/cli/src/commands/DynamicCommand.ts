import { maxTimeout, reservedIds } from "@parley/workspace/SlotConfig"
import * as UserSlots from "@parley/workspace/UserSlots"
import { McpManager } from "@parley/domain/McpManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import { Output } from "../output/Output.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as Slots from "@parley/app/SlotOptions"
import * as ToolRules from "@parley/app/ToolRules"

export interface Here {
  readonly workspace: Option.Option<string>
}
type Flag<A> = Option.Option<A>
export interface Added extends Here {
  readonly id: string
  readonly tool: string
  readonly input: Flag<string>
  readonly refresh: Flag<string>
  readonly onFailure: Flag<"note" | "drop" | "fail" | "stale">
  readonly timeout: Flag<number>
  readonly maxTokens: Flag<number>
}

const load = (flags: Here) => SetupFlags.load(flags)
const usage = (problem: string) => new UsageError({ problem })
const refusing = (edit: ReturnType<typeof UserSlots.remove>) =>
  Effect.catchTag(edit, "SlotError", ({ message }) => Effect.fail(usage(message)))

const Input = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const inputOf = (text: string) =>
  Effect.mapError(Schema.decodeEffect(Input)(text), () =>
    usage(`--input: expected a JSON object, such as '{"path":"."}'`)
  )

const refreshOf = (word: string): Result.Result<NonNullable<UserSlots.NewSlot["refresh"]>, UsageError> => {
  if (word === "round" || word === "change" || word === "demand") return Result.succeed(word)
  const seconds = /^\d{1,9}$/.test(word) ? Number(word) : 0
  return seconds > 0
    ? Result.succeed({ seconds })
    : Result.fail(usage(`--refresh ${word}: expected round, change, demand or a number of seconds above 0`))
}

/** The slot as it is written to the configuration; settings without a flag are left to the defaults. */
const slotOf = Effect.fnUntraced(function* ({ id, input, maxTokens, onFailure, refresh, timeout, tool }: Added) {
  if (id.trim() === "" || reservedIds.has(id)) return yield* usage(`${Slots.quoted(id)} cannot be the ID of a slot`)
  if (tool.trim() === "")
    return yield* usage("A slot needs the name of a tool; `parley tools` lists the available tools")
  if (Option.exists(timeout, (millis) => millis > maxTimeout))
    return yield* usage(`--timeout: the maximum for a slot is ${maxTimeout} ms`)
  const slot: UserSlots.NewSlot = {
    id,
    tool,
    ...(Option.isSome(input) ? { input: yield* inputOf(input.value) } : {}),
    ...(Option.isSome(refresh) ? { refresh: yield* Effect.fromResult(refreshOf(refresh.value)) } : {}),
    ...(Option.isSome(onFailure) ? { onFailure: onFailure.value } : {}),
    ...(Option.isSome(timeout) ? { timeoutMillis: timeout.value } : {}),
    ...(Option.isSome(maxTokens) ? { maxTokens: maxTokens.value } : {})
  }
  return slot
})

/** Warns if the tool of a slot is not available now. The slot is declared all the same. */
const tellMissing = Effect.fnUntraced(function* (tool: string) {
  const mcp = yield* McpManager
  const output = yield* Output
  if ((yield* mcp.tools).some(({ name }) => name === tool)) return
  const servers = (yield* mcp.servers).filter(({ name, state }) => state !== "ready" && tool.startsWith(`${name}__`))
  const why = servers.map(({ name, problem }) => `; the server ${name} failed: ${problem ?? "no reason was given"}`)
  yield* output.note(
    `parley: no server offers the tool ${tool} now, so the slot will fail; ` +
      `\`parley tools\` lists the available tools${why.join("")}`
  )
})

export const add = Effect.fn("parley dynamic add")(function* (flags: Added) {
  const setup = yield* load(flags)
  const output = yield* Output
  const slot = yield* slotOf(flags)
  const all = yield* Slots.declared(setup)
  if (all.some((one) => one.slot.id === slot.id && one.source === "project" && one.ignored === undefined))
    return yield* usage(`${setup.workspace.dynamicFile} already has a slot ${Slots.quoted(slot.id)}; choose another ID`)
  yield* refusing(UserSlots.add(setup.user.configFile, slot))
  yield* output.note(`Added ${slot.id} to ${setup.user.configFile}; to try it: parley dynamic test ${slot.id}`)
  const refused = ToolRules.refusesSlot(setup)(slot.tool)
  if (refused !== undefined)
    return yield* output.note(`parley: the slot ${slot.id} is ignored in this workspace: ${refused}`)
  yield* Effect.provide(tellMissing(slot.tool), Engine.tools(setup))
})

/** Changes one of the user's slots. A slot that the project declares can only be changed in the project's own file. */
const change = Effect.fnUntraced(function* (
  flags: Here & { readonly id: string },
  words: (id: string) => string,
  edit: (configFile: string, id: string) => ReturnType<typeof UserSlots.remove>
) {
  const setup = yield* load(flags)
  const output = yield* Output
  const all = yield* Slots.declared(setup)
  const found = all.filter(({ slot }) => slot.id === flags.id)
  if (found.length === 0) return yield* Slots.unknown(flags.id, all)
  if (found.every(({ source }) => source === "project"))
    return yield* usage(
      `The project declares the slot ${Slots.quoted(flags.id)}; to change it, edit ${setup.workspace.dynamicFile}`
    )
  yield* refusing(edit(setup.user.configFile, flags.id))
  yield* output.note(`${words(flags.id)} ${setup.user.configFile}`)
})

export const remove = Effect.fn("parley dynamic remove")((flags: Here & { readonly id: string }) =>
  change(flags, (id) => `Removed ${id} from`, UserSlots.remove)
)
export const enable = Effect.fn("parley dynamic enable")((flags: Here & { readonly id: string }) =>
  change(
    flags,
    (id) => `Enabled ${id} in`,
    (file, id) => UserSlots.setEnabled(file, id, true)
  )
)
export const disable = Effect.fn("parley dynamic disable")((flags: Here & { readonly id: string }) =>
  change(
    flags,
    (id) => `Disabled ${id} in`,
    (file, id) => UserSlots.setEnabled(file, id, false)
  )
)
