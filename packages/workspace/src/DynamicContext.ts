import { DynamicContextManager, type DynamicSlot } from "@parley/domain/DynamicContextManager"
import { matcher } from "@parley/domain/SecretFiles"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { quote } from "./internal/Json.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"
import { type Finder, finder } from "./SecretReads.ts"
import { type Slot, Slots } from "./Slots.ts"
import { fileAt, UserConfig } from "./UserConfig.ts"

/** The tools that a project may declare, whoever wrote it: they read the workspace, and do nothing else. */
export const projectTools: ReadonlySet<string> = new Set([
  "workspace__list_files",
  "workspace__read_file",
  "workspace__search_files"
])

/** `.parley/dynamic.json`. */
export const ProjectFile = Schema.Struct({ slots: Schema.optionalKey(Slots) })

export interface Options {
  readonly root: string
  /** The user's configuration file; without one only the project's slots are there. */
  readonly configFile?: string | undefined
  /**
   * Why a slot of the user may not call this tool here, if it may not. Slots are called unasked and name their tools by name:
   * a tool of that name may be another project's, and not the one that the user had in mind.
   */
  readonly refuses?: ((tool: string) => string | undefined) | undefined
}

export interface DynamicContext {
  /** The enabled slots: the user's, then the project's. */
  readonly slots: ReadonlyArray<DynamicSlot>
  /** Enabled slots that call a tool, or read a file, which they may not here. They have no effect at all. */
  readonly ignored: ReadonlyArray<{ readonly id: string; readonly tool: string }>
  /** The same for people, one sentence each. */
  readonly warnings: ReadonlyArray<string>
}

/** A slot as it is declared, whether or not it counts. */
export interface Declared {
  readonly slot: Slot
  readonly source: "user" | "project"
  /** Why it has no effect though it may be enabled: it calls, or reads, what it may not here. */
  readonly ignored?: string
}

const marked = (slot: Slot, source: Declared["source"], ignored: string | undefined): Declared =>
  ignored === undefined ? { slot, source } : { slot, source, ignored }

/** Why a slot of a project has no effect. */
const whyIgnored = ({ input, tool }: Slot, secretRead: Finder): string | undefined => {
  if (!projectTools.has(tool))
    return `a project may only call ${[...projectTools].join(", ")}, not ${quote(tool)}; to use it, declare it in your own configuration`
  const secret = secretRead(tool, input)
  return secret === undefined
    ? undefined
    : `a project may not read ${quote(secret.path)}, which may hold secrets (${secret.why}); to use it, declare it in your own configuration`
}

/**
 * All slots as both files declare them now: the user's, then the project's. It is an error if a slot of the project that
 * counts has the id of one of the user's.
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

/** What of a declaration the engine is told. */
export const toSlot = ({ enabled: _, ...slot }: Slot): DynamicSlot => slot

/**
 * The slots that count. A project cannot make anything run: of its slots only those do that call one of `projectTools`, and
 * none that names a file that may hold secrets.
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

/** Reads both files anew each time. What is ignored of the project is logged once, when it is first seen. */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.effect(
    DynamicContextManager,
    Effect.sync(() => {
      const told = new Set<string>()
      const tell = (warning: string) => {
        if (told.has(warning)) return Effect.void
        told.add(warning)
        return Effect.logWarning(warning)
      }
      return {
        slots: read(options).pipe(
          Effect.tap(({ warnings }) => Effect.forEach(warnings, tell, { discard: true })),
          Effect.map(({ slots }) => slots)
        )
      }
    })
  )
