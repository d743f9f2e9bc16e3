import { DynamicContextManager, type DynamicSlot } from "@parley/domain/DynamicContextManager"
import { matcher } from "@parley/domain/SecretFiles"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { quote } from "../json/Json.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { project } from "../config/Locations.ts"
import { type Finder, finder } from "../config/SecretReads.ts"
import { type Slot, Slots } from "../config/SlotConfig.ts"
import { fileAt, UserConfig } from "../config/UserConfig.ts"

/**
 * The tools that slots of any project may call: they only read the workspace.
 *
 * @since 0.1.0
 * @category constants
 */
export const projectTools: ReadonlySet<string> = new Set([
  "workspace__list_files",
  "workspace__read_file",
  "workspace__search_files"
])

/**
 * The content of `.parley/dynamic.json`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProjectFile = Schema.Struct({ slots: Schema.optionalKey(Slots) })

/**
 * Options of `layer`. `root` is the absolute path of the workspace.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly root: string
  /** The user's configuration file. Without it, only the project's slots are read. */
  readonly configFile?: string | undefined
  /**
   * Why a slot of the user must not call this tool in this workspace; undefined if it may. Slots run without approval and
   * refer to tools by name: here, a tool of that name may belong to a project's server, and not be the one the user meant.
   */
  readonly refuses?: ((tool: string) => string | undefined) | undefined
}

/**
 * The slots that are in effect, and those that are not.
 *
 * @since 0.1.0
 * @category models
 */
export interface DynamicContext {
  /** The enabled slots: the user's, then the project's. */
  readonly slots: ReadonlyArray<DynamicSlot>
  /** Enabled slots that call a tool or read a file that they must not. They have no effect. */
  readonly ignored: ReadonlyArray<{ readonly id: string; readonly tool: string }>
  /** Messages for the user about the ignored slots, one sentence each. */
  readonly warnings: ReadonlyArray<string>
}

/**
 * A slot as it is declared, whether or not it has an effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Declared {
  readonly slot: Slot
  readonly source: "user" | "project"
  /** Why the slot has no effect even if it is enabled: it calls a tool or reads a file that it must not. */
  readonly ignored?: string
}

const marked = (slot: Slot, source: Declared["source"], ignored: string | undefined): Declared =>
  ignored === undefined ? { slot, source } : { slot, source, ignored }

/** Why a slot of a project has no effect; undefined if it has one. */
const whyIgnored = ({ input, tool }: Slot, secretRead: Finder): string | undefined => {
  if (!projectTools.has(tool))
    return `a project may only call ${[...projectTools].join(", ")}, not ${quote(tool)}; to use it, declare it in your own configuration`
  const secret = secretRead(tool, input)
  return secret === undefined
    ? undefined
    : `a project may not read ${quote(secret.path)}, which may hold secrets (${secret.why}); to use it, declare it in your own configuration`
}

/**
 * All slots that both files declare now: the user's, then the project's. Fails with a `ConfigError` if a slot of the project
 * that is not ignored has the id of one of the user's.
 *
 * @since 0.1.0
 * @category functions
 */
export const declared = Effect.fn("DynamicContext.declared")(function* (options: Options) {
  const config =
    options.configFile === undefined ? Option.none() : yield* JsonFile.read(fileAt(options.configFile), UserConfig)
  const { dynamicContext: users = [], secretFiles } = Option.match(config, {
    onNone: (): UserConfig => ({}),
    onSome: ({ value }) => value
  })

  const { dynamicFile, root } = project(options.root)
  const document = yield* JsonFile.read({ path: dynamicFile, within: root }, ProjectFile)
  const projects = Option.match(document, { onNone: () => [], onSome: ({ value }) => value.slots ?? [] })

  const secretRead = finder(root, matcher(secretFiles))
  const ignored = projects.map((slot) => whyIgnored(slot, secretRead))
  const taken = new Set(users.map(({ id }) => id))
  const clash = projects.findIndex(({ id }, i) => ignored[i] === undefined && taken.has(id))
  if (Option.isSome(document) && clash >= 0) {
    return yield* document.value.errorAt(["slots", clash, "id"], "the user's configuration has a slot with this id")
  }
  return [
    ...users.map((slot) => marked(slot, "user", options.refuses?.(slot.tool))),
    ...projects.map((slot, i) => marked(slot, "project", ignored[i]))
  ]
})

/**
 * The part of a declaration that the engine receives.
 *
 * @since 0.1.0
 * @category functions
 */
export const toSlot = ({ enabled: _, ...slot }: Slot): DynamicSlot => slot

/**
 * The slots that have an effect. A project's slots cannot make arbitrary tools run: only those count that call one of
 * `projectTools`, and that read no file that may contain secrets.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("DynamicContext.read")(function* (options: Options) {
  const { configFile } = options
  const { dynamicFile } = project(options.root)
  const enabled = (yield* declared(options)).filter(({ slot }) => slot.enabled)
  const result: DynamicContext = {
    slots: enabled.flatMap(({ ignored, slot }) => (ignored === undefined ? [toSlot(slot)] : [])),
    ignored: enabled.flatMap(({ ignored, slot: { id, tool } }) => (ignored === undefined ? [] : [{ id, tool }])),
    warnings: enabled.flatMap(({ ignored, slot, source }) =>
      ignored === undefined
        ? []
        : [`${source === "user" ? configFile : dynamicFile}: the slot ${quote(slot.id)} is ignored: ${ignored}`]
    )
  }
  return result
})

/**
 * Reads both files each time the slots are requested. Each ignored slot is logged once.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.effect(
    DynamicContextManager,
    Effect.sync(() => {
      const reported = new Set<string>()
      const report = (warning: string) => {
        if (reported.has(warning)) return Effect.void
        reported.add(warning)
        return Effect.logWarning(warning)
      }
      return {
        slots: read(options).pipe(
          Effect.tap(({ warnings }) => Effect.forEach(warnings, report, { discard: true })),
          Effect.map(({ slots }) => slots)
        )
      }
    })
  )
