import * as NodeServices from "@effect/platform-node/NodeServices"
import { Client, make } from "@parley/http/Http"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import { Effect, Layer, Logger } from "effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process, { env } from "node:process"
import { messageOf } from "../../src/errors/Advice.ts"
import { parley } from "../../src/entry/Cli.ts"
import { exitCode, ofError } from "../../src/errors/ExitCode.ts"
import { Output } from "../../src/output/Output.ts"
import * as Ports from "../../src/consent/Ports.ts"
import { version } from "../../src/process/Version.ts"

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What the command would be told by its surroundings, and is not here. */
const unset = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]

/** A home and a workspace that this process is in until the scope ends. */
const surroundings = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-cli-")))
    const [home, workspace] = [join(root, "home"), join(root, "ws")]
    mkdirSync(home)
    mkdirSync(workspace)
    const before = { cwd: process.cwd(), env: Object.assign({}, env) }
    for (const name of unset) delete env[name]
    env["HOME"] = home
    process.chdir(workspace)
    return { root, home, workspace, before }
  }),
  ({ before, root }) =>
    Effect.sync(() => {
      process.chdir(before.cwd)
      Object.assign(env, before.env)
      rmSync(root, { recursive: true, force: true })
    })
)

/** Runs one command line in this process: only what `Program.ts` does around it is left out. */
const runHere = (args: ReadonlyArray<string>) =>
  Effect.suspend((): Effect.Effect<Ended> => {
    let stdout = ""
    let stderr = ""
    const put = (text: string) => Effect.sync(() => void (stdout += text))
    const say = (text: string) => Effect.sync(() => void (stderr += `${text}\n`))
    const presenter: CliOutput.Presenter = {
      present: (event) =>
        event._tag === "InvalidInvocation"
          ? say(event.errors.map(({ message }) => message).join("\n"))
          : CliOutput.defaultPresenter.present(event)
    }
    const output = Layer.succeed(Output, {
      text: put,
      line: (json) => put(`${json}\n`),
      note: say,
      aside: say,
      ask: say
    })
    const layer = Layer.mergeAll(
      Layer.sync(Client, () => make()),
      NodeServices.layer,
      CliOutput.layerPresenter(presenter),
      Logger.layer([Logger.make(({ message }) => void (stderr += `parley: ${String(message)}\n`))]),
      output,
      Layer.provide(Ports.layer, output)
    )
    return Command.runWith(parley, { version })(args).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.succeed<number>(exitCode.done),
        onFailure: (error) =>
          CliError.isCliError(error)
            ? Effect.succeed(exitCode.usage)
            : Effect.as(say(`parley: ${messageOf(error)}`), ofError(error))
      }),
      Effect.provide(layer),
      Effect.map((code) => ({ code, stdout, stderr }))
    )
  })

/** As `place` of `Cli.ts`, without a process for each command. */
export const here = Effect.map(surroundings, ({ home, workspace }) => {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode: 0o600 })
  }
  const configFile = join(home, ".config/parley/config.json")
  return {
    home,
    workspace,
    configFile,
    configure: (config: object) => put(configFile, JSON.stringify(config)),
    write: (path: string, text: string) => put(join(workspace, path), text),
    run: (...args: ReadonlyArray<string>) => runHere(args)
  }
})

export type Here = Effect.Success<typeof here>
