import * as Hash from "effect/Hash"
import { toolName } from "../request/SendableText.ts"

const maxLength = 64

/**
 * A tool's name as the API accepts it: it must begin with a letter or `_`, other than at other providers. Such a name gets a
 * digest, so that it is never the name of another tool. It depends only on the name, so that all requests contain the same.
 */
export const sentName = (name: string): string => {
  const legal = toolName(name)
  if (/^[A-Za-z_]/.test(legal)) return legal
  const digest = (Hash.string(legal) >>> 0).toString(16).padStart(8, "0")
  return `_${legal.slice(0, maxLength - digest.length - 2)}_${digest}`
}

/** Finds the tool that the model calls by the name that it was sent. A name of no tool is returned unchanged. */
export const receivedName = (tools: ReadonlyArray<{ readonly name: string }>): ((name: string) => string) => {
  const names = new Map(
    tools.flatMap(({ name }) => {
      const sent = sentName(name)
      return sent === name ? [] : [[sent, name] as const]
    })
  )
  return (name) => names.get(name) ?? name
}
