import { Effect } from "effect"
import type { Person } from "../../src/auth/Authorize.ts"
import type { LoginAddress } from "../../src/auth/LoginAddress.ts"

/** A person whose browser follows every redirect immediately, and the addresses that they were shown. */
export const quickPerson = () => {
  const shown: Array<LoginAddress> = []
  const person: Person = {
    show: (address) =>
      Effect.andThen(
        Effect.sync(() => shown.push(address)),
        // @effect-diagnostics-next-line globalFetchInEffect:off -- it plays the browser
        Effect.ignore(Effect.tryPromise(() => fetch(address.url)))
      ),
    paste: Effect.never
  }
  return { person, shown }
}
