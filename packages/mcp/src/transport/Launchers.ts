import type { McpServerConfig } from "@parley/domain/McpServerConfig"

/** The name of a program without its directory and extension, for `/usr/bin/npx` as well as `C:\\nodejs\\npx.cmd`. */
const baseOf = (command: string): string =>
  (command.split(/[\\/]/).at(-1) ?? "").toLowerCase().replace(/\.(?:cmd|exe|bat|ps1)$/, "")

/** Programs that may always download the program that they run, and below, programs that may do so in some subcommands. */
const always = new Set(["npx", "bunx", "pnpx", "uvx", "dnx"])
const subcommands: { readonly [program: string]: ReadonlyArray<string> } = {
  npm: ["exec", "x"],
  pnpm: ["dlx"],
  yarn: ["dlx"],
  bun: ["x"],
  uv: ["tool run", "run"],
  pipx: ["run"],
  docker: ["run", "container run", "compose run"],
  podman: ["run", "container run"],
  nerdctl: ["run"],
  nix: ["run", "shell"],
  go: ["run"],
  cargo: ["run"],
  deno: ["run"]
}
/** Options before a subcommand that are followed by a value. */
const withValue =
  /^(?:-c|-H|-l|--context|--host|--log-level|--config|--directory|--dir|--prefix|--project|--filter|-C)$/

const withoutOptions = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first, ...rest] = args
  if (first === undefined || !first.startsWith("-")) return args
  return withoutOptions(withValue.test(first) ? rest.slice(1) : rest)
}

const wrapped = (program: string, args: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  if (program === "env") {
    const rest = args.slice(args.findIndex((arg) => !arg.startsWith("-") && !arg.includes("=")))
    return rest.length === args.length && args[0]?.includes("=") === true ? [] : rest
  }
  if (program === "cmd") return args.filter((arg, i) => !(arg.startsWith("/") && i < 3))
  if (!/^(?:ba|z|da|k|fi)?sh$/.test(program) && program !== "pwsh" && program !== "powershell") return undefined
  const at = args.findIndex((arg) => /^-\w*c$|^-command$/i.test(arg))
  return at === -1 ? undefined : (args[at + 1] ?? "").replace(/^exec\s+/, "").split(/\s+/)
}

/**
 * The launcher that starts a server and may first download it: `npx`, `uvx`, `docker run` and similar, with any path, also
 * behind `env`, `cmd /c` or `sh -c`. Undefined if the server is not started by such a launcher.
 *
 * @since 0.1.0
 * @category functions
 */
export const launcherOf = (config: McpServerConfig): string | undefined => {
  if ("url" in config) return undefined
  const look = (words: ReadonlyArray<string>, depth: number): string | undefined => {
    const [command = "", ...args] = words
    const program = baseOf(command)
    if (always.has(program)) return program
    const inner = depth > 0 ? wrapped(program, args) : undefined
    if (inner !== undefined) return look(inner, depth - 1)
    const called = withoutOptions(args)
    const known = Object.hasOwn(subcommands, program) ? (subcommands[program] ?? []) : []
    const found = known.find((one) => one.split(" ").every((word, i) => called[i] === word))
    return found === undefined ? undefined : `${program} ${found}`
  }
  return look([config.command, ...(config.args ?? [])], 3)
}

const usualMillis = 10_000
const launchedMillis = 60_000

/**
 * The timeout for a server to become ready, in milliseconds: longer if the server may have to be downloaded first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const startMillis = (config: McpServerConfig): number =>
  config.startTimeoutMillis ?? (launcherOf(config) === undefined ? usualMillis : launchedMillis)

/**
 * The message for a server that did not become ready in time, with advice.
 *
 * @since 0.1.0
 * @category functions
 */
export const tooLate = (config: McpServerConfig): string => {
  const millis = startMillis(config)
  const more = millis < launchedMillis ? launchedMillis : millis * 2
  return `it did not answer within ${millis / 1000} s; if it needs longer, set its startTimeoutMillis to more, such as ${more}`
}

/**
 * Reported while a server takes long to start.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlowStart {
  readonly server: string
  readonly seconds: number
  /** The launcher that may be downloading it, if any. */
  readonly launcher: string | undefined
}
