import * as Redacted from "effect/Redacted"
import type { OAuthConfig } from "@parley/domain/McpServerConfig"
import { redactionOf } from "@parley/domain/Redaction"
import type { LoginRecord } from "./LoginRecord.ts"
import { describeCause, messageOf } from "../sdk/SdkFailure.ts"

/** Redacts secrets in a text that came from another program. */
export const redacted = (text: string, secrets: ReadonlyArray<string | undefined>): string =>
  redactionOf(secrets.filter((secret) => secret !== undefined))(text)

/** All secrets of a login. */
export const secretsOf = ({ clients, tokens }: LoginRecord, oauth: OAuthConfig | undefined): ReadonlyArray<string> =>
  [tokens?.access, tokens?.refresh, ...Object.values(clients).map(({ secret }) => secret)]
    .flatMap((secret) => (secret === undefined ? [] : [Redacted.value(secret)]))
    .concat(oauth?.clientSecret ?? [])

/** Describes why a login failed, in one line for a person. */
export const describeLogin = (cause: unknown, redact: (text: string) => string): string => {
  // Secrets are redacted before the line is truncated, since a truncated secret would no longer be recognised.
  const safe =
    cause instanceof Error
      ? Object.assign(new Error(redact(messageOf(cause))), { cause: cause.cause })
      : redact(String(cause))
  return redact(describeCause(safe))
}
