import { McpManager, type ToolInput } from "@parley/domain/McpManager"
import { ToolDefinition, type ToolOutput } from "@parley/domain/Tool"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { quoted, readOnce, unsorted, valid } from "./ContractReading.ts"
import {
  type Counterexample,
  exitOf,
  failureOf,
  fault,
  findAll,
  generated,
  type Rule,
  type RuleSettings,
  single,
  words
} from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * A tool that the suite may call as often as it likes.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolCase {
  /** The qualified name, as `McpManager.tools` lists it. */
  readonly tool: string
  /** Inputs with different results, at least two. Every program calls the tool with some of them, concurrently. */
  readonly inputs: ReadonlyArray<ToolInput>
  /** Whether this is the result for this input. */
  readonly holds: (input: ToolInput, output: ToolOutput) => boolean
  /** For a tool whose result contains the idempotency key that reached it: reads that key. */
  readonly key?: (output: ToolOutput) => string | undefined
}

/**
 * What the suite needs to know of a manager of tools.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  readonly layer: Layer.Layer<McpManager, E>
  readonly tools: ReadonlyArray<ToolCase>
}

interface Subject extends RuleSettings {
  readonly mcp: McpManager["Service"]
  readonly tools: ReadonlyArray<ToolCase>
  /** How many batches of calls were made, so that no key is used twice. */
  batches: number
}

/** Numbers that choose a tool and one of its inputs. */
const Call = Schema.Struct({ tool: Schema.Natural, input: Schema.Natural })
const programs = Arbitrary.schema(Schema.Array(Call).check(Schema.isMinLength(1), Schema.isMaxLength(5)))

/** Calls tools concurrently, each with a key of its own, and checks each result with what the user described. */
const calls = generated(
  "answers each call with its own result",
  programs,
  Effect.fnUntraced(function* (subject: Subject, program: ReadonlyArray<typeof Call.Type>) {
    const { mcp, tools } = subject
    const batch = ++subject.batches
    const made = program.flatMap((chosen, i) => {
      const tool = tools[chosen.tool % tools.length]
      const input = tool?.inputs[chosen.input % tool.inputs.length]
      return tool === undefined || input === undefined ? [] : [{ tool, input, key: `contract/${batch}/${i + 1}` }]
    })
    const exits = yield* Effect.forEach(
      made,
      ({ input, key, tool }) => exitOf(mcp.call(tool.tool, input, { idempotencyKey: key }), subject),
      { concurrency: "unbounded" }
    )
    const lines = made.map(({ input, key, tool }) => `call ${tool.tool} with ${quoted(input)} and the key ${key}`)
    for (const [i, { input, key, tool }] of made.entries()) {
      const exit = exits[i] ?? "late"
      const broken = (problem: string, expected: string, received: string): Counterexample => {
        return { problem, program: lines, expected, received }
      }
      const name = `Call ${i + 1} of ${made.length} (${tool.tool})`
      if (exit === "late" || Exit.isFailure(exit))
        return broken(`${name} ${fault(exit)}.`, `a result for ${quoted(input)}`, failureOf(exit))
      const output = exit.value
      const other = made.findIndex((call, n) => n !== i && call.tool === tool && call.tool.holds(call.input, output))
      if (!tool.holds(input, output))
        return broken(
          other < 0 ? `${name} has a wrong result.` : `${name} has the result of call ${other + 1}.`,
          `a result for ${quoted(input)}`,
          quoted(output.content)
        )
      const reached = tool.key?.(output)
      if (reached !== undefined && reached !== key)
        return broken(`${name} reached its tool with an idempotency key that is not its own.`, key, reached)
    }
    return undefined
  }),
  60
)

const listing = single(
  "lists its tools by name, each once, with valid definitions",
  Effect.fnUntraced(function* ({ mcp, tools, ...settings }: Subject) {
    const read = yield* readOnce("tools", mcp.tools, settings)
    if (!read.ok) return read.found
    const names = read.value.map(({ name }) => name)
    const order = unsorted("tools", names)
    if (order !== undefined) return order
    const program = ["read `tools`"]
    for (const tool of read.value) {
      const invalid = valid("tools", ToolDefinition, tool, `definition of ${tool.name}`)
      if (invalid !== undefined) return invalid
    }
    const missing = tools.find(({ tool }) => !names.includes(tool))
    return missing === undefined
      ? undefined
      : {
          problem: `The tool ${missing.tool} is not listed.`,
          program,
          expected: missing.tool,
          received: names.join(", ")
        }
  })
)

const unknown = single(
  "does not send a call to a tool that is not listed",
  Effect.fnUntraced(function* ({ mcp, ...settings }: Subject) {
    const name = "contract_no_such_tool"
    const exit = yield* exitOf(mcp.call(name, {}, { idempotencyKey: "contract/unknown" }), settings)
    const error = exit !== "late" && Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
    const problem = "A call of a tool that is not listed does not fail with the reason `NotSent`."
    return Option.isSome(error) && error.value.reason === "NotSent"
      ? undefined
      : { problem, program: [`call ${name}`], expected: "ToolError NotSent", received: failureOf(exit) }
  })
)

const rules: ReadonlyArray<Rule<Subject>> = [calls, listing, unknown]
const subjectOf = <E>({ layer, ...rest }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...rest, mcp: Context.get(context, McpManager), batches: 0 })),
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
 * The contract of `McpManager`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
