import { type McpServerConfig, workspaceVariable } from "@parley/domain/McpServerConfig"
import { pathText } from "../json/Json.ts"

/**
 * A variable in a server's configuration for which another program would substitute a value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Variable {
  /** Such as `env.TOKEN`. */
  readonly at: string
  /** Such as `${input:token}`, or `a variable` if its text might reveal part of a secret. */
  readonly variable: string
}

// Only in these two forms is the text between the braces certainly a name, and not for example a default value.
const telling = /^\$\{(?:env|input):[\w.-]{1,64}\}$/

const inText = (at: string, text: string): ReadonlyArray<Variable> =>
  [...new Set(text.match(/\$\{[^{}]*\}/g))].map((found) => ({
    at,
    variable: telling.test(found) ? found : "a variable"
  }))

const inRecord = (key: string, values: { readonly [name: string]: string } = {}): ReadonlyArray<Variable> =>
  Object.entries(values).flatMap(([name, value]) => inText(pathText([key, name]), value))

/**
 * All occurrences of `${…}`. In a project's servers Parley replaces none of them: the server receives them unchanged.
 *
 * @since 0.1.0
 * @category functions
 */
export const variables = (server: McpServerConfig): ReadonlyArray<Variable> =>
  "url" in server
    ? [...inText("url", server.url), ...inRecord("headers", server.headers)]
    : [
        ...inText("command", server.command),
        ...(server.args ?? []).flatMap((arg, i) => inText(pathText(["args", i]), arg)),
        ...inRecord("env", server.env),
        ...inText("cwd", server.cwd ?? "")
      ]

const without = (text: string): string => text.replaceAll(workspaceVariable, "")

/**
 * The variables in a user's own server that Parley does not replace.
 *
 * @since 0.1.0
 * @category functions
 */
export const unreplaced = (server: McpServerConfig): ReadonlyArray<Variable> => {
  if ("url" in server) return variables(server)
  const { args = [], cwd, env = {}, ...rest } = server
  return variables({
    ...rest,
    args: args.map(without),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, without(value)])),
    ...(cwd === undefined ? {} : { cwd: without(cwd) })
  })
}
