import { DynamicContextManager, type DynamicSlot } from "@parley/domain/DynamicContextManager"
import { FilesManager, type WorkspaceFile } from "@parley/domain/FilesManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { empty, type SystemPrompt } from "@parley/domain/SystemPrompt"
import { DateTime, Effect, Layer } from "effect"
import type { RuleSettings } from "../../src/contract/ContractRule.ts"
import * as DynamicContextManagerContract from "../../src/contract/DynamicContextManagerContract.ts"
import * as FilesManagerContract from "../../src/contract/FilesManagerContract.ts"
import * as PromptManagerContract from "../../src/contract/PromptManagerContract.ts"
import { brief, type Planted } from "./Planted.ts"

const half = "a\ud83d"
/** Another value each time it is read. */
const alternating = <A>(...values: ReadonlyArray<Effect.Effect<A>>): Effect.Effect<A> => {
  let count = 0
  return Effect.suspend(() => values[count++ % values.length] ?? Effect.die("no value"))
}

const filesOf = (change: Partial<FilesManager>, message?: string): FilesManagerContract.Options => ({
  layer: Layer.succeed(FilesManager, { read: Effect.succeed({ files: [], skipped: [] }), ...change }),
  ...(message === undefined ? {} : { message })
})
const files = (bug: string, change: Partial<FilesManager>, reports: RegExp, message?: string): Planted => ({
  suite: "FilesManager",
  bug,
  reports,
  violations: FilesManagerContract.violations(filesOf(change, message))
})
const a: WorkspaceFile = { path: "a.md", text: "one" }
const b: WorkspaceFile = { path: "b.md", text: "two" }
const set = (...files: ReadonlyArray<WorkspaceFile>) => Effect.succeed({ files, skipped: [] })

const prompt = (
  bug: string,
  prompt: Effect.Effect<Partial<SystemPrompt>>,
  reports: RegExp,
  settings: RuleSettings = {}
): Planted => ({
  suite: "PromptManager",
  bug,
  reports,
  violations: PromptManagerContract.violations({
    layer: Layer.succeed(PromptManager, { prompt: Effect.map(prompt, (parts) => ({ ...empty, ...parts })) }),
    ...settings
  })
})

const slot: DynamicSlot = { id: "time", tool: "clock", input: {}, timeoutMillis: 100, onFailure: "note" }
const slots = (
  bug: string,
  slots: DynamicContextManager["slots"],
  reports: RegExp,
  settings: RuleSettings = {}
): Planted => ({
  suite: "DynamicContextManager",
  bug,
  reports,
  violations: DynamicContextManagerContract.violations({
    layer: Layer.succeed(DynamicContextManager, { slots }),
    tools: ["clock"],
    ...settings
  })
})
const other = { ...slot, id: "other" }

export const planted: ReadonlyArray<Planted> = [
  files("returns unsorted files", { read: set(b, a) }, /^`read` is not sorted by code unit\.$/),
  files("returns a path twice", { read: set(a, a, b) }, /^`read` has "a\.md" more than once\.$/),
  files(
    "changes a file between two reads",
    { read: alternating(set(a, b), set(a, { ...b, text: "three" })) },
    /^`read` changes between two reads, at files\.1\.text\.$/
  ),
  files(
    "loses a file at the second read",
    { read: alternating(set(a, b), set(a)) },
    /^`read` changes between two reads/
  ),
  files(
    "returns a path with half a surrogate pair",
    { read: set({ ...a, path: half }) },
    /^`read` has half a surrogate pair, at file "a\\ud83d"\.path\.$/
  ),
  files(
    "returns a file without a path",
    { read: set({ ...a, path: "" }) },
    /^`read` has a file "" that is not valid\.$/
  ),
  files("dies", { read: Effect.die(new Error("bug")) }, /^`read` died\.$/),
  files(
    "attaches a path twice",
    {
      attach: () =>
        Effect.succeed([
          { _tag: "File", file: a },
          { _tag: "File", file: a }
        ])
    },
    /^`attach` has "a\.md" more than once\.$/,
    "see @a.md and @./a.md"
  ),
  prompt(
    "changes the order of its rules",
    alternating(Effect.succeed({ rules: ["one", "two"] }), Effect.succeed({ rules: ["two", "one"] })),
    /^`prompt` changes between two reads, at rules\.0\.$/
  ),
  prompt(
    "puts the date into the prompt",
    Effect.map(DateTime.now, (now) => ({ instructions: `Today is ${DateTime.formatIsoDateUtc(now)}.` })),
    /^`prompt` changes between two reads, at instructions, where only the clock has changed\.$/
  ),
  prompt(
    "returns half a surrogate pair",
    Effect.succeed({ capabilities: [half] }),
    /^`prompt` has half a surrogate pair, at capabilities\.0\.$/
  ),
  prompt(
    "returns a rule of two lines",
    Effect.succeed({ rules: ["one\ntwo"] }),
    /^`prompt` has a capability or rule of more than one line\.$/
  ),
  prompt("never answers", Effect.never, /^`prompt` did not settle in time\.$/, { patience: brief }),
  prompt("dies", Effect.die(new Error("bug")), /^`prompt` died\.$/),
  slots("returns a slot twice", Effect.succeed([slot, slot]), /^`slots` has the slot "time" more than once\.$/),
  slots(
    "changes the order of its slots",
    alternating(Effect.succeed([slot, other]), Effect.succeed([other, slot])),
    /^`slots` changes between two reads, at 0\.id\.$/
  ),
  slots(
    "returns a slot that may take no time",
    Effect.succeed([{ ...slot, timeoutMillis: 0 }]),
    /^`slots` has a slot "time" that is not valid\.$/
  ),
  slots(
    "returns half a surrogate pair",
    Effect.succeed([{ ...slot, input: { word: half } }]),
    /^`slots` has half a surrogate pair, at slot "time"\.input\.word\.$/
  ),
  slots(
    "calls a tool that does not exist",
    Effect.succeed([{ ...slot, tool: "watch" }]),
    /^The slot "time" calls watch, which is not one of the tools\.$/
  ),
  slots("never answers", Effect.never, /^`slots` did not settle in time\.$/, { patience: brief }),
  slots("dies", Effect.die(new Error("bug")), /^`slots` died\.$/)
]
