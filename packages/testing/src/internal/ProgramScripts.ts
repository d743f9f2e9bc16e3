import { Overloaded, StreamBroken, Unauthorized } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Stream from "effect/Stream"
import * as Chunks from "../Chunks.ts"
import type { ProgramFailures, ProgramScript, ProgramTool, ProgramTurn } from "../Programs.ts"
import * as ScriptedModel from "../ScriptedModel.ts"
import * as ScriptedTools from "../ScriptedTools.ts"

type Reads = ReadonlyArray<ReadonlyArray<ProviderChunk>>

/** What a program's tools do. `unknown` is missing on purpose. */
export const tools: { readonly [name: string]: ScriptedTools.Behaviour } = {
  echo: ScriptedTools.echo,
  fails: ScriptedTools.fails("no"),
  dies: ScriptedTools.dies,
  slow: ScriptedTools.steps(3, ScriptedTools.echo),
  slower: ScriptedTools.steps(20, ScriptedTools.echo),
  lost: ScriptedTools.lost,
  malformed: ScriptedTools.echo,
  hangs: ScriptedTools.hangs
} satisfies { readonly [Kind in Exclude<ProgramTool, "unknown">]: ScriptedTools.Behaviour }

/** The first thing every answer says: what it has cost so far. */
export const begun: ProviderChunk = { _tag: "UsageSoFar", usage: { ...Chunks.usage, outputTokens: 1 } }

/** What a call asks for that is not said to its end. */
export const cutInput = '{"n":'

/** What the n-th call of an answer asks for. */
export const inputOf = (kind: ProgramTool, n: number): string =>
  kind === "malformed" ? '{"cut":' : JSON.stringify({ n })

const asking = (mark: string, { texts, thinks, tools }: ProgramTurn): ScriptedModel.Turn => {
  const first = thinks ? 1 : 0
  return ScriptedModel.turn(
    [begun],
    ...(thinks ? [Chunks.thinking(0, "let me", ` see ${mark}`)] : []),
    ...[mark, ...texts].map((text) => Chunks.text(first, text)),
    ...tools.map((kind, i) => Chunks.call(first + 1 + i, kind, inputOf(kind, i + 1))),
    [Chunks.finish(tools.length > 0 ? "tool-calls" : "pause")]
  )
}

const ending = (mark: string, script: ProgramScript): ScriptedModel.Turn => {
  const said: Reads = [[begun], Chunks.text(0, mark), Chunks.text(0, " the end")]
  switch (script.ending) {
    case "answer":
      return ScriptedModel.turn(...said, [Chunks.finish("end")])
    case "tool-calls-without-calls":
      return ScriptedModel.turn(...said, [Chunks.finish("tool-calls")])
    case "stream-error":
      return ScriptedModel.failing(new Unauthorized({ detail: "scripted" }), ...said)
    case "silent-end":
      return ScriptedModel.turn(...said)
    case "refusal":
      return ScriptedModel.turn(...said, [Chunks.finish("refusal", "scripted")])
    case "overflow":
      return ScriptedModel.turn(...said, [Chunks.finish("context-window")])
    case "length":
      return ScriptedModel.turn(...said, Chunks.call(1, "echo", cutInput), [Chunks.finish("length")])
    case "malformed":
      return ScriptedModel.turn(...said, [{ _tag: "ToolInputDelta", index: 0, json: "{" }], [Chunks.finish("end")])
    case "late":
      return ScriptedModel.turn(...said, [Chunks.finish("end")], Chunks.text(0, " and more"))
    case "dies":
      return Stream.concat(ScriptedModel.turn(...said), Stream.die(new Error("bug in the provider")))
    case "silence":
      return ScriptedModel.hanging(...said)
  }
}

/** One attempt of the model to answer: it fails, or it is a turn or the ending of the script. */
export type ProgramAttempt = "overloaded" | "broken" | ProgramTurn | "ending"

const failuresOf: { readonly [F in ProgramFailures]: ReadonlyArray<"overloaded" | "broken"> } = {
  none: [],
  overloaded: ["overloaded"],
  broken: ["broken"],
  "broken overloaded": ["broken", "overloaded"],
  "overloaded broken broken": ["overloaded", "broken", "broken"]
}

/** The attempts for each answer of a script: those that fail, and then the answer. */
export const attemptsOf = (script: ProgramScript): ReadonlyArray<ReadonlyArray<ProgramAttempt>> => [
  ...script.turns.map((turn) => [...failuresOf[turn.fails], turn]),
  [...failuresOf[script.fails], "ending"]
]

/** The n-th attempt, from 0, to answer the message. An engine that asks again after the last one hears the last again. */
export const answer = (message: string, script: ProgramScript, n: number): ScriptedModel.Turn => {
  const attempts = attemptsOf(script).flat()
  const at = Math.min(n, attempts.length - 1)
  const attempt = attempts[at] ?? "ending"
  const mark = markOf(message, at)
  const detail = "scripted"
  if (attempt === "ending") return ending(mark, script)
  if (attempt === "overloaded") return ScriptedModel.failing(new Overloaded({ detail }))
  if (attempt === "broken")
    return ScriptedModel.failing(
      new StreamBroken({ detail }),
      [begun],
      Chunks.text(0, mark),
      Chunks.call(1, "echo", cutInput)
    )
  return asking(mark, attempt)
}

/** The words by which an answer is known wherever they turn up. */
export const markOf = (message: string, n: number): string => `<${message}, answer ${n}>`
