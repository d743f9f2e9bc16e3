import * as Redacted from "effect/Redacted"
import type { OAuthConfig } from "@parley/domain/McpServerConfig"
import { withoutSecrets } from "../Concealing.ts"
import type { LoginRecord } from "../LoginRecord.ts"
import { describeCause, messageOf } from "./SdkFailure.ts"

/** Takes secrets out of a text that somebody else has written and may have put them into. */
export const concealed = (text: string, secrets: ReadonlyArray<string | undefined>): string =>
  withoutSecrets(secrets.filter((secret) => secret !== undefined))(text)

/** All that is secret of a login. */
export const secretsOf = ({ clients, tokens }: LoginRecord, oauth: OAuthConfig | undefined): ReadonlyArray<string> =>
  [tokens?.access, tokens?.refresh, ...Object.values(clients).map(({ secret }) => secret)]
    .flatMap((secret) => (secret === undefined ? [] : [Redacted.value(secret)]))
    .concat(oauth?.clientSecret ?? [])

/** What went wrong with a login, in one line for a person. */
export const describeLogin = (cause: unknown, conceal: (text: string) => string): string => {
  // The line is cut after the secrets are out of it: half of one is still one.
  const safe =
    cause instanceof Error
      ? Object.assign(new Error(conceal(messageOf(cause))), { cause: cause.cause })
      : conceal(String(cause))
  return conceal(describeCause(safe))
}
