import { data } from "../../packages/harness/src/wires/Step.ts"

/** Events of streams, for traps that are written by hand. */

export const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({ id: "c1", choices: [{ index: 0, delta, finish_reason }] })
export const called = (...tool_calls: ReadonlyArray<object>): string => chunk({ tool_calls })
export const one = (name: string, input: string, more: object = {}): object => ({
  ...more,
  function: { name, arguments: input }
})
export const end = (reason = "stop"): ReadonlyArray<string> => [chunk({}, reason), "data: [DONE]\n\n"]
export const event = (type: string, rest: object = {}): string => data({ type, ...rest })
export const part = (...parts: ReadonlyArray<object>): string =>
  data({ candidates: [{ content: { role: "model", parts } }] })
export const stops = (finishReason: string): string => data({ candidates: [{ content: {}, finishReason }] })
