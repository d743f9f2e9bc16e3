import { Overloaded, StreamBroken, Unauthorized } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Stream from "effect/Stream"
import * as Chunks from "../parts/Chunks.ts"
import type { ProgramFailures, ProgramScript, ProgramTool, ProgramTurn } from "./Programs.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import * as ScriptedTools from "../scripted/ScriptedTools.ts"

type Reads = ReadonlyArray<ReadonlyArray<ProviderChunk>>

/** The tools of a program. `unknown` is missing on purpose. */
export const tools: { readonly [name: string]: ScriptedTools.Behaviour } = {
  echo: ScriptedTools.echo,
  fails: ScriptedTools.fails("no"),
  dies: ScriptedTools.dies,
  slow: ScriptedTools.steps(3, ScriptedTools.echo),
  slower: ScriptedTools.steps(20, ScriptedTools.echo),
  lost: ScriptedTools.lost,
  malformed: ScriptedTools.echo,
  hangs: ScriptedTools.hangs,
  asked: ScriptedTools.echo
} satisfies { readonly [Kind in Exclude<ProgramTool, "unknown">]: ScriptedTools.Behaviour }

/** Why a call was denied, by everyone who denies calls. */
export const deniedReason = "the user said no"

/** The first chunk of every response: its usage so far. */
export const begun: ProviderChunk = { _tag: "UsageSoFar", usage: { ...Chunks.usage, outputTokens: 1 } }

/** The input of a truncated call. */
export const cutInput = '{"n":'

/** The input of the n-th call of a response. */
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
  const output: Reads = [[begun], Chunks.text(0, mark), Chunks.text(0, " the end")]
  switch (script.ending) {
    case "answer":
      return ScriptedModel.turn(...output, [Chunks.finish("end")])
    case "tool-calls-without-calls":
      return ScriptedModel.turn(...output, [Chunks.finish("tool-calls")])
    case "stream-error":
      return ScriptedModel.failing(new Unauthorized({ detail: "scripted" }), ...output)
    case "silent-end":
      return ScriptedModel.turn(...output)
    case "refusal":
      return ScriptedModel.turn(...output, [Chunks.finish("refusal", "scripted")])
    case "overflow":
      return ScriptedModel.turn(...output, [Chunks.finish("context-window")])
    case "length":
      return ScriptedModel.turn(...output, Chunks.call(1, "echo", cutInput), [Chunks.finish("length")])
    case "malformed":
      return ScriptedModel.turn(...output, [{ _tag: "ToolInputDelta", index: 0, json: "{" }], [Chunks.finish("end")])
    case "late":
      return ScriptedModel.turn(...output, [Chunks.finish("end")], Chunks.text(0, " and more"))
    case "dies":
      return Stream.concat(ScriptedModel.turn(...output), Stream.die(new Error("bug in the provider")))
    case "silence":
      return ScriptedModel.hanging(...output)
  }
}

/** One attempt of the model to respond: a failure, a turn, or the ending of the script. */
export type ProgramAttempt = "overloaded" | "broken" | ProgramTurn | "ending"

const failuresOf: { readonly [F in ProgramFailures]: ReadonlyArray<"overloaded" | "broken"> } = {
  none: [],
  overloaded: ["overloaded"],
  broken: ["broken"],
  "broken overloaded": ["broken", "overloaded"],
  "overloaded broken broken": ["overloaded", "broken", "broken"]
}

/** The attempts for each response of a script: the failed ones, then the response. */
export const attemptsOf = (script: ProgramScript): ReadonlyArray<ReadonlyArray<ProgramAttempt>> => [
  ...script.turns.map((turn) => [...failuresOf[turn.fails], turn]),
  [...failuresOf[script.fails], "ending"]
]

/** The n-th attempt, from 0, to answer the message. Requests after the last attempt get the last one again. */
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

/** A text that identifies a response wherever it occurs. */
export const markOf = (message: string, n: number): string => `<${message}, answer ${n}>`
