import { Attachment, type FileSet, FilesManager, WorkspaceFile } from "@parley/domain/FilesManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { quoted, readOnce, stable, unsorted, valid, wellFormed } from "./ContractReading.ts"
import { type Counterexample, findAll, type Rule, type RuleSettings, single, words } from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * What the suite needs to know of a manager of files.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  /** A layer whose files do not change during the tests. */
  readonly layer: Layer.Layer<never, E>
  /** A message with mentions, for a manager that supports them. */
  readonly message?: string
}

interface Subject extends RuleSettings {
  readonly files: FilesManager
  readonly message: string | undefined
}

/** Checks what one reading returned. */
const reading = (title: string, check: (set: FileSet) => Counterexample | undefined): Rule<Subject> =>
  single(
    title,
    Effect.fnUntraced(function* ({ files, ...settings }: Subject) {
      const set = yield* readOnce("read", files.read, settings)
      return set.ok ? check(set.value) : set.found
    })
  )

const sorted = reading("sorts files by path, each path once", ({ files }) =>
  unsorted(
    "read",
    files.map(({ path }) => path)
  )
)

const correct = reading("returns valid files with well-formed paths and texts", ({ files, skipped }) => {
  for (const file of files) {
    const label = `file ${quoted(file.path)}`
    const broken = valid("read", WorkspaceFile, file, label) ?? wellFormed("read", { [label]: { ...file } })
    if (broken !== undefined) return broken
  }
  return wellFormed("read", { skipped })
})

const same = single("reads the same files again as long as none changes", ({ files, ...settings }: Subject) =>
  stable("read", files.read, settings)
)

const mentions = single(
  "attaches each mentioned path once, and the same again",
  Effect.fnUntraced(function* ({ files, message, ...settings }: Subject) {
    if (files.attach === undefined || message === undefined) return undefined
    const attach = files.attach(message, {})
    const read = yield* readOnce("attach", attach, settings)
    if (!read.ok) return read.found
    const paths = read.value.flatMap((found) =>
      found._tag === "File" ? [found.file.path] : found._tag === "Resource" ? [] : [found.path]
    )
    const twice = paths.find((path, i) => paths.indexOf(path) !== i)
    const program = [`attach the mentions of ${quoted(message)}`]
    if (twice !== undefined)
      return {
        problem: `\`attach\` has ${quoted(twice)} more than once.`,
        program,
        expected: [...new Set(paths)].map(quoted).join(", "),
        received: paths.map(quoted).join(", ")
      }
    for (const found of read.value) {
      const broken = valid("attach", Attachment, found, found._tag) ?? wellFormed("attach", found)
      if (broken !== undefined) return { ...broken, program }
    }
    return yield* stable("attach", attach, settings)
  })
)

const rules: ReadonlyArray<Rule<Subject>> = [sorted, correct, same, mentions]
const subjectOf = <E>({ layer, message, ...settings }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...settings, message, files: Context.get(context, FilesManager) })),
    Effect.orDie
  )

/**
 * All violations of the contract.
 *
 * @since 0.1.0
 * @category functions
 */
export const violations = <E>(options: Options<E>) => findAll(rules, subjectOf(options))

/**
 * All violations of the contract, as text, for other test runners.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = <E>(options: Options<E>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(violations(options), (found) => found.map(words))

/**
 * The contract of `FilesManager`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
