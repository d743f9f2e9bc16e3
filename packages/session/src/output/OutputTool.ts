import type { ToolDefinition } from "@parley/domain/Tool"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import * as OutputEnvelope from "./OutputEnvelope.ts"

const reserved = "final_answer"

/** The name of the tool by which a model gives its answer: one that no other tool has. */
export const nameBeside = (tools: ReadonlyArray<ToolDefinition>): string => {
  const taken = new Set(tools.map(({ name }) => name))
  let name = reserved
  for (let i = 2; taken.has(name); i++) name = `${reserved}_${i}`
  return name
}

const description =
  "Gives the final answer to the user. Call it exactly once, alone, when everything else is done and the results of all " +
  "other tools are there; its input is the answer. An answer as text is not accepted."

const known = new WeakMap<ReadonlyArray<ToolDefinition>, WeakMap<OutputSchema, ReadonlyArray<ToolDefinition>>>()

/** The tools of a round whose answer is given by a call. The same tools and schema always give the same list. */
export const beside = (
  tools: ReadonlyArray<ToolDefinition>,
  schema: OutputSchema,
  name: string
): ReadonlyArray<ToolDefinition> => {
  const bySchema = known.get(tools) ?? new WeakMap<OutputSchema, ReadonlyArray<ToolDefinition>>()
  known.set(tools, bySchema)
  const before = bySchema.get(schema)
  if (before?.at(-1)?.name === name) return before
  const tool: ToolDefinition = {
    name,
    server: "parley",
    tool: name,
    description,
    inputSchema: OutputEnvelope.sent(schema),
    strict: true
  }
  const all = [...tools, tool]
  bySchema.set(schema, all)
  return all
}
