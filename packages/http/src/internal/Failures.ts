import { hasProperty, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { HttpError } from "../HttpError.ts"
import { headerBytes } from "../HttpLimits.ts"

/** Foreign text in one line, without control and format characters. */
export const plain = (text: string, most: number): string =>
  text
    .slice(0, 4 * most)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, most)
    .toWellFormed()

const codeOf = (error: unknown): string | undefined =>
  hasProperty(error, "code") && isString(error.code) ? error.code : undefined

/** What an error of Node says. Where several addresses were tried, each has its own, and the outer one says nothing. */
export const problemOf = (error: unknown): string => {
  if (error instanceof AggregateError)
    return [...new Set(error.errors.map((inner: unknown) => problemOf(inner)))].join(", ")
  const message = error instanceof Error ? error.message : String(error)
  return plain(message === "" ? (codeOf(error) ?? "no reason given") : message, 300)
}

export const isHttpError = Schema.is(HttpError)

/** Whether it is Node's parser that complains. */
export const isMalformed = (error: unknown): boolean => codeOf(error)?.startsWith("HPE_") === true

/** What Node threw at a request or an answer. */
export const broken = (error: unknown, host: string, sent: boolean): HttpError => {
  if (isHttpError(error)) return error
  const code = codeOf(error)
  if (code === "HPE_HEADER_OVERFLOW")
    return new HttpError({
      host,
      sent,
      reason: { _tag: "TooLarge", limit: "headerBytes", most: headerBytes, beginning: "" }
    })
  if (isMalformed(error)) return new HttpError({ host, sent, reason: { _tag: "Malformed", problem: problemOf(error) } })
  return new HttpError({
    host,
    sent,
    ...(code === undefined ? {} : { code }),
    reason: { _tag: "Broken", problem: problemOf(error) }
  })
}
