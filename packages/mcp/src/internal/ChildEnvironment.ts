import { env } from "node:process"
import { markName } from "./ServerMark.ts"

const inherited = new Set(["PATH", "HOME", "LANG", "TERM", "TMPDIR", "USER", "SHELL"])

/**
 * The environment of a child server: of the parent's own only what a program needs to find its files and to speak the
 * user's language, the mark of this life of the server, and what the configuration declares, be it another value of the mark.
 * API keys and every other variable stay with the parent.
 */
export const childEnvironment = (
  declared: { readonly [name: string]: string } = {},
  parent: { readonly [name: string]: string | undefined } = env,
  mark?: string
): { readonly [name: string]: string } => ({
  ...Object.fromEntries(
    Object.entries(parent).flatMap(([name, value]) =>
      // Values that start with `()` are functions exported by a shell: code, which no server asked for.
      value !== undefined && (inherited.has(name) || name.startsWith("LC_")) && !value.startsWith("()")
        ? [[name, value]]
        : []
    )
  ),
  ...(mark === undefined ? {} : { [markName]: mark }),
  ...declared
})
