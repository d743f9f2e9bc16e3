import { Effect } from "effect"
import type { Person } from "../../src/Authorize.ts"
import type { LoginAddress } from "../../src/LoginAddress.ts"

/** Somebody whose browser follows every redirect at once, and what they were shown. */
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
