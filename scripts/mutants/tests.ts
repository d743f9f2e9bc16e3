// Runs the tests of one copy of the packages on request, in one Vitest process: a new process for each run would spend most
// of its time starting. The requests come from `runner.ts` in the parent process.
import process from "node:process"
import { join, resolve } from "node:path"
import { createVitest, type TestCase, type TestModule, type Vitest } from "vitest/node"
import { buildCommand, commandVariable } from "../../packages/harness/src/command/command.ts"

export interface TestRequest {
  readonly project: string
  /** The test files of the project, each by a part of its path. */
  readonly tests: ReadonlyArray<string>
  readonly name?: string
  /** Sources that have changed since the last request, by absolute path. */
  readonly changed?: ReadonlyArray<string>
  /** Whether to continue after the first failure. */
  readonly all?: boolean
}

export interface Failure {
  readonly file: string
  /** The title of the test without its groups; the file when it could not be loaded. */
  readonly test: string
  readonly text: string
}

export interface TestResult {
  /** How many tests ran. */
  readonly ran: number
  readonly failures: ReadonlyArray<Failure>
}

const root = resolve(import.meta.dirname, "../..")

/** The built command, which is removed together with the copy of the packages. */
const command = join(root, "command")

/** Projects whose tests start the built command. */
const starting = new Set(["cli", "faults"])

/** Projects whose tests run in one process, on a virtual clock. */
const virtual = new Set(["domain", "prompt", "session", "testing"])

/** Milliseconds after which a hanging test is ended. */
const patience = (project: string): number => (virtual.has(project) ? 60_000 : 120_000)

const vitests = new Map<string, Vitest>()
const vitestOf = async ({ all, project }: TestRequest): Promise<Vitest> => {
  const key = `${project} ${all}`
  const known = vitests.get(key)
  if (known !== undefined) return known
  const made = await createVitest("test", {
    root,
    config: "vitest.workspace.ts",
    project: [project],
    reporters: [{}],
    silent: true,
    maxWorkers: 1,
    // A mutant may leave the process in a state that fails the next test file.
    isolate: true,
    watch: false,
    ...(all === true ? {} : { bail: 1, testTimeout: patience(project) })
  })
  vitests.set(key, made)
  return made
}

/** An error as Vitest reports it: a plain object, not an instance of a class. */
type Problem = { readonly name?: string; readonly message: string; readonly diff?: string; readonly cause?: unknown }

const isProblem = (value: unknown): value is Problem =>
  typeof value === "object" && value !== null && "message" in value && typeof value.message === "string"

const causeOf = (cause: unknown): ReadonlyArray<string> =>
  typeof cause === "string" ? [cause] : isProblem(cause) ? [textOf(cause)] : []

const textOf = ({ cause, diff, message, name }: Problem): string =>
  [`${name ?? "Error"}: ${message}`, diff ?? "", ...causeOf(cause)].join("\n")

const failuresOf = (module: TestModule): ReadonlyArray<Failure> => {
  const file = module.relativeModuleId
  const failed = (test: TestCase): ReadonlyArray<Failure> => {
    const { errors, state } = test.result()
    return state === "failed" ? [{ file, test: test.name, text: (errors ?? []).map(textOf).join("\n") }] : []
  }
  const loading = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())]
  return [
    ...loading.map((error) => ({ file, test: file, text: textOf(error) })),
    ...[...module.children.allTests()].flatMap(failed)
  ]
}

const run = async (request: TestRequest): Promise<TestResult> => {
  if (starting.has(request.project)) {
    buildCommand(command)
    process.env[commandVariable] = command
  }
  const vitest = await vitestOf(request)
  for (const file of request.changed ?? []) for (const known of vitests.values()) known.invalidateFile(file)
  if (request.name === undefined) vitest.resetGlobalTestNamePattern()
  else vitest.setGlobalTestNamePattern(request.name)
  const specifications = await vitest.globTestSpecifications([...request.tests])
  if (specifications.length === 0) return { ran: 0, failures: [] }
  // Failures of earlier runs would be reported again and end this run after its first test.
  vitest.state.filesMap.clear()
  vitest.state.idMap.clear()
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  const tests = testModules.flatMap((module) => [...module.children.allTests()])
  return {
    ran: tests.filter((test) => test.result().state !== "skipped").length,
    failures: [
      ...testModules.flatMap(failuresOf),
      ...unhandledErrors.map((error) => ({ file: "", test: "", text: String(error) }))
    ]
  }
}

process.on("message", (request: TestRequest) => {
  run(request).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ ran: 0, failures: [{ file: "", test: "", text: String(error) }] })
  )
})
